"""How long a task may run on towards an event: a bound, so that a replay that has gone wrong does not run for ever.

It may loop where the recorded task did not.  Searches for landmarks have a closer bound of their own.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from redrive.formats.archive_reader import ArchiveReader
from redrive.replayer.task import Task
from redrive.tracee._native import lib
from redrive.tracee.task_stat import cpu_time, state

SLOWER = 60
"""How much longer than the whole recording one task may run between two events: on a slower machine."""
LEAST_TIME = 20.0
"""Seconds that it may run in any case."""
_TICK = 1.0


class RanTooLong(Exception):
    """A task has run for so many seconds, the argument, without coming to its next event."""


class Patience:
    """``begins`` is to be told of each event; what it keeps of a task's CPU time is looked at once a second."""

    def __init__(self, reader: ArchiveReader) -> None:
        self._limit: float | None = None
        # Of a recording that was cut off nobody knows how long it took.
        if reader.outcome is not None:
            took = reader.outcome.end_time - reader.header.start_time
            self._limit = max(LEAST_TIME, SLOWER * took)
        self._number = -1
        self._task: Task | None = None
        self._seen: tuple[int, float] = (-1, 0.0)

    def begins(self, number: int, task: Task | None) -> None:
        """An event's turn has come; its task is brought to it."""
        self._number, self._task = number, task

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Look now and then.  Raises RanTooLong, wherever the replay is: in a wait, as a task runs only then."""
        former = signal.signal(signal.SIGALRM, lambda number, frame: self._look())
        timer = signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, former)

    def _look(self) -> None:
        if self._limit is None or self._task is None:
            return
        with contextlib.suppress(OSError):
            used = cpu_time(self._task.tracee.tid)
            if self._seen[0] != self._number:
                self._seen = self._number, used
            elif used > self._seen[1] + self._limit:
                raise RanTooLong(self._limit)


def hold(task: Task) -> None:
    """Stop a task that has run too long, if it has not stopped meanwhile."""
    tracee = task.tracee
    lib.redrive_wait(tracee.tid, os.WNOHANG, tracee.stop)
    if tracee.stop.tid:
        return
    with contextlib.suppress(OSError):
        if state(tracee.tid) == "t":
            return
    lib.redrive_hold(tracee.tid, tracee.stop)
