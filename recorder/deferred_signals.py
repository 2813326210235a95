"""Signals that met running code, and wait for the task's next event: they are sent again there.

Replay can find the point then.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.tracee._native import lib
from redrive.tracee.monotonic import monotonic
from redrive.tracee.signal_status import has_signal, read_signal_status

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import Task

FIRST_REAL_TIME = 32
"""Signals from here on are queued each by itself: signal(7)."""
SI_USER, SI_QUEUE, SI_TIMER, SI_TKILL = 0, -1, -2, -6
"""Values of si_code: sigaction(2)."""
_WALL = 0x4000_0000
"""__WALL of linux/wait.h: threads, too."""
STOP_SIGNALS: frozenset[int] = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
_CONTINUES: frozenset[int] = frozenset({signal.SIGCONT})
_SWEPT_BY: dict[int, frozenset[int]] = {signal.SIGCONT: STOP_SIGNALS, **dict.fromkeys(STOP_SIGNALS, _CONTINUES)}
"""What sending one of these takes out of the queues of the process: prepare_signal of kernel/signal.c."""
_SIGINFO = struct.Struct("<8xi4xii")
"""si_code; the sender's pid or the timer's number; the timer's si_overrun: asm-generic/siginfo.h."""
_OVERRUN, _OVERRUN_AT_MOST = 20, 2**31 - 1


def sender_of(siginfo: bytes) -> int:
    """The pid of the process that has sent a signal by kill(2); 0 for other signals."""
    code, pid, _ = _SIGINFO.unpack_from(siginfo)
    return int(pid) if code == SI_USER else 0


def defer(recording: Recording, task: Task, number: int, registers: bytes, siginfo: bytes) -> None:
    """A signal met the task with these registers, and has been suppressed; ``siginfo`` is what it first came with."""
    recording.saw_signal(number, siginfo)
    task.stops.append(encode_stop(Stop(StopKind.SIGNAL, StopRegisters.OWN, number, registers)))
    if not task.deferred:
        task.deferred_since = monotonic()
    # While a standard signal is pending, another of its kind is not queued: signal(7).
    if number >= FIRST_REAL_TIME or number not in dict(task.deferred):
        task.deferred.append((number, siginfo))
    recording.scheduler.watch()


def put_aside(recording: Recording, task: Task, number: int, registers: bytes, siginfo: bytes) -> None:
    """As defer, for one that would be blocked on a newer kernel: see signals_pending.

    A blocked signal of a timer is queued once; how often it came besides is in its si_overrun (timer_create(2)).
    """
    siginfo = take_first_siginfo(task, number, siginfo)
    defer(recording, task, number, registers, siginfo)
    code, timer, overrun = _SIGINFO.unpack_from(siginfo)
    if number < FIRST_REAL_TIME or code != SI_TIMER:
        return
    for index, (waiting, its_siginfo) in enumerate(task.deferred[:-1]):
        its_code, its_timer, its_overrun = _SIGINFO.unpack_from(its_siginfo)
        if (waiting, its_code, its_timer) == (number, SI_TIMER, timer):
            counted = struct.pack("<i", min(its_overrun + 1 + overrun, _OVERRUN_AT_MOST))
            task.deferred[index] = number, its_siginfo[:_OVERRUN] + counted + its_siginfo[_OVERRUN + 4 :]
            task.deferred.pop()
            return


def send_again(recording: Recording, task: Task) -> None:
    """Now the program is at a point replay can find."""
    for number, siginfo in task.deferred:
        sweeps = _SWEPT_BY.get(number)
        must_wait = sweeps is not None and _must_wait(recording, task, number, sweeps)
        task.raised.append((number, siginfo))
        if must_wait:
            task.swept.append(number)
        else:
            lib.redrive_tgkill(task.process.tgid, task.tid, number)
    task.deferred.clear()


def _must_wait(recording: Recording, task: Task, number: int, sweeps: frozenset[int]) -> bool:
    """Whether sending a signal would sweep one away that was sent again before it; else what it sweeps is noted."""
    pending = read_signal_status(task.tid).pending
    # Of those that have not come, others may have swept some out of the queue since.
    task.raised = [
        (raised, siginfo)
        for raised, siginfo in task.raised
        if raised not in sweeps or raised in task.swept or has_signal(pending, raised)
    ]
    if any(raised in sweeps for raised, _ in task.raised):
        return True
    task.swept += [one for one in sweeps if has_signal(pending, one)]
    if number == signal.SIGCONT:
        task.swept += _stop_of_process(recording, task)
    return False


def _stop_of_process(recording: Recording, task: Task) -> Sequence[int]:
    """The signal that has begun to stop the process of a task, none where it does not stop: a SIGCONT ends that."""
    for other in recording.tasks.values():
        if other.process is task.process and other.in_group_stop and not _has_gone_on(other):
            return (os.WSTOPSIG(other.tracee.stop.status),)
    return ()


def _has_gone_on(task: Task) -> bool:
    """Whether a task that stopped for job control has been continued since: a stop of its own tells so (ptrace(2))."""
    if os.WSTOPSIG(task.tracee.stop.status) not in STOP_SIGNALS:
        return True
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, task.tid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT | _WALL) is not None
    return True


def _send_swept(task: Task) -> None:
    """The signal that swept others out of the queue when it was sent again has come: now those may."""
    for number in task.swept:
        lib.redrive_tgkill(task.process.tgid, task.tid, number)
    task.swept.clear()


def first_siginfo(task: Task, number: int, siginfo: bytes) -> bytes:
    """What a signal first came with, if it has been sent again."""
    index = _sent_again(task, number, siginfo)
    return siginfo if index is None else task.raised[index][1]


def take_first_siginfo(task: Task, number: int, siginfo: bytes) -> bytes:
    """As first_siginfo, of a signal that has come back: no other will be taken for it."""
    index = _sent_again(task, number, siginfo)
    if index is None:
        return siginfo
    original = task.raised.pop(index)[1]
    if number in _SWEPT_BY:
        _send_swept(task)
    return original


def _sent_again(task: Task, number: int, siginfo: bytes) -> int | None:
    """Which of ``Task.raised`` has come back, if any."""
    code, sender, _ = _SIGINFO.unpack_from(siginfo)
    # The sender is 0 where the task's pid namespace does not have the recorder.
    if code != SI_TKILL or sender not in (os.getpid(), 0):
        return None
    return next((index for index, (raised, _) in enumerate(task.raised) if raised == number), None)
