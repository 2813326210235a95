"""Waiting for a task that has been let go: until it stops, sleeps in a call, or has had its time."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.recorder import calls, families
from redrive.recorder.address_space import CHANGES_SPACE
from redrive.recorder.scheduler import GRACE
from redrive.recorder.task import State, Task
from redrive.tracee import ptrace
from redrive.tracee._native import lib
from redrive.tracee.monotonic import monotonic
from redrive.tracee.task_stat import state
from redrive.tracee.tracee import check

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording


def await_stop(recording: Recording, task: Task, *, interrupted: bool = False) -> None:
    """Wait for a resumed task, or find it asleep and leave it so; ``interrupted``: a first wait has been."""
    task.state = State.STOPPED
    if task.call is not None and task.call.may_block and len(recording.tasks) > 1:
        _await_or_leave(recording, task)
        return
    recording.scheduler.running = task
    # At once: a task that stops by itself as often as the timer ticks is never found running by a tick.  But none
    # that is to get on: interrupted before the kernel has chosen it, it would not.
    hold = _is_overdue(recording, task) and not task.repeated.is_quiet
    while True:
        if interrupted:
            result, interrupted = -errno.EINTR, False
        elif hold:
            result = lib.redrive_hold(task.tid, task.tracee.stop)
        else:
            result = lib.redrive_wait(task.tid, 0, task.tracee.stop)
        if result == -errno.ECHILD and families.may_lose_its_tid(task):
            leave_asleep(recording, task)
            return
        if result != -errno.EINTR:
            recording.scheduler.running = None
            check(result, "waitpid", task.tid)
            return
        others_wait = recording.scheduler.turn_is_over()
        if recording.scheduler.running is None:
            return
        hold = _is_overdue(recording, task)
        if others_wait and _may_be_left(recording, task):
            leave_asleep(recording, task)
            return
        hold = hold or (others_wait and task.call is None and task.is_private)


def _may_be_left(recording: Recording, task: Task) -> bool:
    """Whether others may go on although the task has not stopped."""
    if task.call is not None:
        # A call that the table does not say may block does.
        return recording.scheduler.leaves_calls() and not _must_end(task)
    # A killed task: its end is reported after that of the other threads, which wait for their turn.
    return families.is_zombie(task) or families.waits_to_dump_core(recording, task)


def _must_end(task: Task) -> bool:
    """Whether others must not run before the end of the task's call, for as long as it does not wait for them."""
    call = task.call
    assert call is not None
    # What they see of the memory they share would come with the call's end only at replay.
    changes_space = call.syscall is not None and call.syscall.name in CHANGES_SPACE and task.space.users > 1
    with suppress(OSError):
        return (call.reaches_others or changes_space) and state(task.tid) != "S"
    return False


def _is_overdue(recording: Recording, task: Task) -> bool:
    """Whether a task in running code has a signal, or others wait for their turn, for longer than they should."""
    if task.call is not None:
        return False
    waits_for_signal = bool(task.deferred) and monotonic() >= task.deferred_since + GRACE
    return waits_for_signal or recording.scheduler.is_overdue()


def _await_or_leave(recording: Recording, task: Task) -> None:
    result = lib.redrive_wait_or_sleep(task.tid, task.tracee.stop)
    lost = result == -errno.ECHILD and families.may_lose_its_tid(task)
    if not lost and check(result, "waitpid", task.tid) == 1:
        return
    leave_asleep(recording, task)


def leave_asleep(recording: Recording, task: Task) -> None:
    """The task sleeps in a call: others go on meanwhile."""
    recording.scheduler.running = None
    task.state = State.SLEEPING
    calls.write_entry(recording, task)


def collect_end(recording: Recording, task: Task) -> None:
    """The task was found dead in the middle of something: its end is still to be reported."""
    if task.tid not in recording.tasks:
        return
    result = 0 if _is_at_its_end(task) else lib.redrive_wait(task.tid, 0, task.tracee.stop)
    while result == -errno.EINTR:
        result = lib.redrive_wait(task.tid, 0, task.tracee.stop)
    if result < 0:
        del recording.tasks[task.tid]
        recording.attachments.task_ended(task)
        return
    task.state = State.STOPPED
    recording.scheduler.resume(task)
    recording.scheduler.add(task)


def _is_at_its_end(task: Task) -> bool:
    """Whether the stop that was met instead of another's, as in a syscall injected into the task, is its end."""
    return not task.exited and ptrace.is_end(task.tracee.stop.status)


def look_for_end(recording: Recording, task: Task) -> None:
    """Others may have killed the task since its latest stop; resuming it would skip its exit event."""
    if task.state is State.READY:
        lib.redrive_wait(task.tid, os.WNOHANG, task.tracee.stop)
        # It is 0 where there is no further stop.
        if task.tracee.stop.tid:
            task.state = State.STOPPED
            # What stops a task does not stop SIGKILL (signal(7)).
            recording.scheduler.resume(task)
