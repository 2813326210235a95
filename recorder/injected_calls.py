"""Syscalls that the recorder runs in a tracee for purposes of its own.  They are no events."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from redrive.formats.stops import StopKind, StopRegisters
from redrive.recorder.deferred_signals import put_aside
from redrive.recorder.errors import RecordError
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.eras import Meaning
from redrive.tracee.injection import Injector

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import Task

SYSCALL_STOPS = {
    Meaning.SECCOMP: StopKind.SECCOMP,
    Meaning.ENTRY: StopKind.SYSCALL_ENTRY,
    Meaning.EXIT: StopKind.SYSCALL_EXIT,
}
"""How the trace names what the era's rules make of a stop."""
SCRATCH = AGENT_ADDRESS + AGENT_LENGTH - 4096
"""The tracee's kernel reads arguments here; nothing of the program's is there."""


def call_in_tracee(recording: Recording, task: Task, instruction: int, number: int, *arguments: int) -> int:
    """As attempt_in_tracee; raises RecordError when it fails."""
    result = attempt_in_tracee(recording, task, instruction, number, *arguments)
    if -4096 < result < 0:
        raise RecordError(
            f"task {task.tid} could not be prepared: syscall {number} answered {os.strerror(-result)}; "
            "a seccomp filter of the program's own may forbid it"
        )
    return result


def call_with_scratch(recording: Recording, task: Task, scratch: bytes, number: int, *arguments: int) -> int:
    """As call_in_tracee, with these bytes at SCRATCH."""
    task.tracee.write(SCRATCH, scratch)
    return call_in_tracee(recording, task, AGENT_ADDRESS, number, *arguments)


def attempt_in_tracee(recording: Recording, task: Task, instruction: int, number: int, *arguments: int) -> int:
    """Run a syscall at the address of a syscall instruction, in a task stopped outside any syscall; its result.

    Raises TraceeGone when the task dies of it.
    """

    def keep(meaning: Meaning) -> None:
        recording.keep_stop(task, SYSCALL_STOPS[meaning], StopRegisters.OWN, 0)

    injector = Injector(task.tracee, task.tracker, keep, partial(put_aside, recording, task))
    return injector.call(instruction, number, *arguments)
