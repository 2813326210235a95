"""Where a task may be held while others have their turns: at an event, or in the middle of its code."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

from redrive.recorder import calls, signals
from redrive.recorder.deferred_signals import put_aside
from redrive.recorder.task import Task
from redrive.tracee.mappings import read_mappings
from redrive.tracee.monotonic import monotonic

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_TIMES_GIVEN_AT_MOST = 25
"""So often a task that was to be held is let run on; once suffices where the CPU is not busy with other things."""


def run_on(recording: Recording, task: Task) -> bool:
    """Bring a task to the end of its turn, some instructions behind an event.  False where it cannot be now."""
    if task.call or task.signal or task.interrupted or task.deferred or task.is_private:
        return False
    task.pending = signals.pending_signals(task)
    if any(not task.wishes.blocks(number) for number in task.pending):
        # It meets the task here, and the steps would keep it out.
        return False
    task.let_go()
    task.midway = True
    bring_to_landmark(recording, task)
    return True


def may_be_held(task: Task) -> bool:
    """Whether others may run now, the task being stopped where it is."""
    call = task.call or task.interrupted
    if task.call is not None and task.call.reaches_others:
        return False
    if call is not None and call.postponed:
        # Others could have the signals ignored, and nothing would make the call again then.
        return False
    if task.call is not None and calls.writes_asleep(task, task.call):
        # It has to be asleep before its event says what the kernel has written.
        return False
    return task.call is not None or not task.midway or (task.is_private and not task.deferred)


def is_midway(task: Task) -> bool:
    """Whether a task that an interrupt of ours has stopped is in running code, at a point that is no event."""
    same = signals.same_registers(task.tracee.registers, task.registers)
    if same and any(number == signal.SIGCONT for number, _ in task.raised):
        # Sending a SIGCONT makes a stop of its own, before the delivery's (prepare_signal of kernel/signal.c).
        return False
    if same and task.interrupted is not None:
        # The kernel makes the call again, by the next instruction: stepped, that would leave the trap flag in r11.
        return False
    return task.call is None and (task.may_come_back or not same)


def bring_to_landmark(recording: Recording, task: Task) -> None:
    """From where a task was held in the middle of its code, unless it had better run on for a while."""
    # Loaded when first needed, as the decoder of instructions takes 40 ms.
    from redrive.recorder import landmarks

    if recording.scheduler.is_patient and _gives_time(recording, task):
        return
    began = monotonic()
    end = landmarks.take(recording, task)
    recording.scheduler.stepped(monotonic() - began, to_landmark=end is landmarks.End.TAKEN)
    if end is landmarks.End.TAKEN:
        task.midway = False
    elif end is landmarks.End.AT_EDGE:
        # Else one more signal, or one more interrupt of ours, could keep it from its syscall again and again.
        task.repeated.quieten(task.tracee, partial(put_aside, recording, task))
    elif end is landmarks.End.OVERTAKEN:
        # At once: what the task has done since its latest event, others must not see before its next one.
        recording.handle(task)


def _gives_time(recording: Recording, task: Task) -> bool:
    """Whether a task runs on for a few milliseconds, as what it changes meanwhile tells the point from others."""
    from redrive.recorder.changed_memory import Snapshot

    if task.snapshot is None or not task.snapshot.is_of_use(task):
        task.snapshot = Snapshot(recording, task, read_mappings(task.tid))
    elif task.snapshot.has_run_since(task):
        return False
    since, times = task.given_time
    times = times + 1 if since is task.registers else 1
    if times > _TIMES_GIVEN_AT_MOST:
        return False
    task.given_time = task.registers, times
    task.deferred_since = monotonic()
    recording.scheduler.goes_on()
    return True
