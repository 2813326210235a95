"""Signals that met running code, and wait for the task's next event: they are sent again there.

Replay can find the point then.
"""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING

from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.tracee._native import lib

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import Task

FIRST_REAL_TIME = 32
"""Signals from here on are queued each by itself: signal(7)."""
SI_TIMER, _SI_TKILL = -2, -6
"""Values of si_code: sigaction(2)."""
_SIGINFO = struct.Struct("<8xi4xi")
"""si_code, and the sender's pid or the timer's number: asm-generic/siginfo.h."""


def defer(recording: Recording, task: Task, number: int, registers: bytes, siginfo: bytes) -> None:
    """A signal met the task with these registers, and has been suppressed.

    One that is pending is not queued again: a standard signal (signal(7)), or that of a timer (timer_create(2)).
    """
    recording.latest_signals[number] = time.monotonic()
    task.stops.append(encode_stop(Stop(StopKind.SIGNAL, StopRegisters.OWN, number, registers)))
    index = sent_again(task, number, siginfo)
    if index is not None:
        siginfo = task.raised.pop(index)[1]
    if not task.deferred:
        task.deferred_since = time.monotonic()
    if not any(_are_one(number, siginfo, other, waiting) for other, waiting in task.deferred):
        task.deferred.append((number, siginfo))
    recording.scheduler.watch()


def send_again(task: Task) -> None:
    """Now the program is at a point replay can find."""
    for number, siginfo in task.deferred:
        lib.redrive_tgkill(task.process.tgid, task.tid, number)
        task.raised.append((number, siginfo))
    task.deferred.clear()


def sent_again(task: Task, number: int, siginfo: bytes) -> int | None:
    """Which of ``Task.raised`` has come back, if any."""
    code, sender = _SIGINFO.unpack_from(siginfo)
    # The sender is 0 where the task's pid namespace does not have the recorder.
    if code != _SI_TKILL or sender not in (os.getpid(), 0):
        return None
    return next((index for index, (raised, _) in enumerate(task.raised) if raised == number), None)


def _are_one(number: int, siginfo: bytes, other: int, waiting: bytes) -> bool:
    """Whether the kernel would not have queued the first signal while the other was pending."""
    if number != other or number < FIRST_REAL_TIME:
        return number == other
    (code, timer), (waiting_code, waiting_timer) = _SIGINFO.unpack_from(siginfo), _SIGINFO.unpack_from(waiting)
    return bool(code == waiting_code == SI_TIMER and timer == waiting_timer)
