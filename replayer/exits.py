"""The end of a replayed task, wherever it is."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable

from redrive.replayer.task import Task
from redrive.tracee import ptrace
from redrive.tracee.errors import TraceeError
from redrive.tracee.remote_calls import Call, begin, leave
from redrive.tracee.tracee import Tracee

_EXIT = 60


def end_processes(tracees: Iterable[Tracee]) -> None:
    """Kill processes and wait until they are gone; no harm where one is already."""
    remaining = [tracee for tracee in tracees if os.WIFSTOPPED(tracee.stop.status)]
    for tracee in remaining:
        with contextlib.suppress(ProcessLookupError):
            os.kill(tracee.tid, signal.SIGKILL)
        # One that has stopped on its way out is not woken by that.
        with contextlib.suppress(TraceeError):
            tracee.resume(ptrace.CONT)
    for tracee in remaining:
        _reap(tracee)


def end_thread(task: Task) -> None:
    """End one thread of several: it exits by itself, as a signal would end all.

    When this returns the thread has read its list of calls, which it shares with the other threads.
    """
    calls = [Call(_EXIT, (0,))]
    if task.tid != task.process:
        leave(task.tracee, calls)
        _reap(task.tracee)
        return
    # The leader's end is not reported before that of the last thread; that it exits is.
    task.tracee.set_options(ptrace.Option.TRACEEXIT | ptrace.Option.EXITKILL)
    begin(task.tracee, calls)
    task.tracee.resume(ptrace.CONT)


def _reap(tracee: Tracee) -> None:
    # A TraceeError: it was reaped before, by an error path that did not look.
    with contextlib.suppress(TraceeError):
        while True:
            tracee.wait()
            if not os.WIFSTOPPED(tracee.stop.status):
                return
            tracee.resume(ptrace.CONT)
