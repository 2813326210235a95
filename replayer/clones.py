"""A recorded fork, vfork or clone: a real one makes the kernel task that stands behind the new task."""

from __future__ import annotations

import os

from redrive.formats.events import Clone
from redrive.replayer.errors import ReplayError
from redrive.replayer.task import Task
from redrive.tracee import ptrace
from redrive.tracee.remote_calls import Call, begin, check_end, go_on
from redrive.tracee.tracee import Tracee

_CLONE = 56
_SIGCHLD = 17
_VM, _FS, _FILES, _SIGHAND, _PARENT, _THREAD = 0x100, 0x200, 0x400, 0x800, 0x8000, 0x10000
"""CLONE_VM and so on, of linux/sched.h."""
_OF_A_THREAD = _VM | _FS | _FILES | _SIGHAND | _THREAD
_EVENTS = (ptrace.EVENT_FORK, ptrace.EVENT_CLONE)


def clone(task: Task, event: Clone) -> Task:
    """The new task, stopped before its first instruction.  Raises ReplayError when the kernel refuses."""
    flags = _OF_A_THREAD if event.flags & _THREAD else event.flags & _VM
    # Every process is the replayer's own child: so no task gets a SIGCHLD, and none leaves a zombie to another.
    # CLONE_VFORK is left out: the parent is stopped while the child runs, and must be free to be resumed any time.
    calls = [Call(_CLONE, (flags | _PARENT | _SIGCHLD, 0, 0, 0, 0))]
    begin(task.tracee, calls)
    if task.tracee.stop.status >> 16 not in _EVENTS:
        check_end(task.tracee, calls)
        raise ReplayError("a clone of a tracee was not reported")
    child = Tracee(int(task.tracee.stop.message))
    child.wait()
    if not os.WIFSTOPPED(child.stop.status):
        raise ReplayError("a tracee died while it was made")
    go_on(task.tracee)
    check_end(task.tracee, calls)
    process = task.process if event.flags & _THREAD else event.child
    new = Task(event.child, process, child, task.intercept)
    new.stack_limit = task.stack_limit
    new.leave_at(event.registers)
    return new
