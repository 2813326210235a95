"""What most likely made a replay go another way, in words: a first thing to look at, not a proof."""

from __future__ import annotations

import enum
import os
import signal

from redrive.formats.events import Event, Syscall, SyscallEntry, VectorState
from redrive.replayer.comparison import is_in_syscall
from redrive.replayer.task import Task
from redrive.tracee import registers as regs
from redrive.tracee.cpu import CPUID_INSTRUCTION, PLANTED_CPUID


class Cause(enum.Enum):
    """Classes of causes, each with what it says to the user."""

    KILLED = "the kernel task was killed from outside the replay: by a user, or because memory ran out"
    MISSING_INSTRUCTION = "this CPU does not have an instruction that the recording one had"
    UNRECORDED_INSTRUCTION = "an instruction whose result the recorder did not intercept (rdtsc, cpuid) was run"
    MEMORY = "memory is not as it was: a mapping is missing or has another protection, or a pointer has another value"
    NO_FAULT = "an instruction that raised a signal when recorded did not now: memory or a mapping is not as it was"
    OTHER_PATH = (
        "the program took another branch: something it decides by (memory, a register, the CPU) was not recorded"
    )
    OTHER_CALL = (
        "the same syscall instruction was reached with another number: something it depends on was not recorded"
    )
    OTHER_VALUES = (
        "the same syscall was made with other register values: something they are computed from was not recorded"
    )
    OTHER_VECTORS = "vector or floating point registers were computed from something that was not recorded"
    OTHER_POINT = "the task is not where it met this when recorded: the event before it was replayed wrongly"


_TRAPPED_INSTRUCTIONS = (b"\x0f\x31", b"\x0f\x01\xf9", CPUID_INSTRUCTION, PLANTED_CPUID)
"""rdtsc, rdtscp, cpuid, and what stands for that."""


def likely_cause(event: Event, task: Task, expected: bytes, seen: bytes) -> str:
    """A sentence about why ``seen`` registers and the task's latest stop are not what the event says."""
    return _classify(event, task, expected, seen).value


def _classify(event: Event, task: Task, expected: bytes, seen: bytes) -> Cause:
    status = task.tracee.stop.status
    if not os.WIFSTOPPED(status):
        return Cause.KILLED
    if isinstance(event, VectorState):
        return Cause.OTHER_VECTORS
    if not expected:
        return Cause.MEMORY
    expects_syscall = isinstance(event, Syscall | SyscallEntry)
    if is_in_syscall(seen):
        if not expects_syscall:
            return Cause.NO_FAULT
        return _classify_syscalls(expected, seen)
    if status >> 16:
        return Cause.OTHER_PATH
    return _classify_signal(os.WSTOPSIG(status), task, seen, expects_syscall)


def _classify_syscalls(expected: bytes, seen: bytes) -> Cause:
    if regs.get(expected, "rip") != regs.get(seen, "rip"):
        return Cause.OTHER_PATH
    if regs.get(expected, "orig_rax") != regs.get(seen, "orig_rax"):
        return Cause.OTHER_CALL
    return Cause.OTHER_VALUES


def _classify_signal(number: int, task: Task, seen: bytes, expects_syscall: bool) -> Cause:
    if number == signal.SIGILL:
        return Cause.MISSING_INSTRUCTION
    code = task.tracee.read_available(regs.get(seen, "rip"), 3)
    if number == signal.SIGSEGV and code.startswith(_TRAPPED_INSTRUCTIONS):
        return Cause.UNRECORDED_INSTRUCTION
    if number in (signal.SIGSEGV, signal.SIGBUS):
        return Cause.MEMORY
    return Cause.OTHER_PATH if expects_syscall else Cause.OTHER_POINT
