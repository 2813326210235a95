"""How long a task may run on towards an event: a bound, so that a replay that has gone wrong does not run for ever.

It may loop where the recorded task did not.  Searches for landmarks have a closer bound of their own.
"""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.events import Event
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks
from redrive.replayer.ticking import ticking
from redrive.tracee._native import lib
from redrive.tracee.task_stat import cpu_time, state

SLOWER = 60
"""How much longer than the whole recording one task may run between two events: on a slower machine."""
LEAST_TIME = 20.0
"""Seconds that it may run in any case."""
_TICK = 1.0
"""Seconds."""


class RanTooLong(Exception):
    """A task has run for so many seconds, the argument, without coming to its next event."""


class Patience:
    """The bound for one replay.  ``event`` is to be set to each event whose turn has come."""

    def __init__(self, reader: ArchiveReader, tasks: Tasks) -> None:
        self._tasks = tasks
        self._limit: float | None = None
        # Of a recording that was cut off nobody knows how long it took.
        if reader.outcome is not None:
            took = reader.outcome.end_time - reader.header.start_time
            self._limit = max(LEAST_TIME, SLOWER * took)
        self.event: Event | None = None
        self._seen: Event | None = None
        self._used = 0.0
        """CPU time in seconds of the task of ``_seen``, when that was first looked at."""

    def ticking(self) -> AbstractContextManager[None]:
        """Look now and then.  Raises RanTooLong, wherever the replay is: in a wait, as a task runs only then."""
        return ticking(_TICK, self._look)

    def _look(self) -> None:
        event = self.event
        task = None if event is None else self._tasks.get(event.task)
        if self._limit is None or task is None:
            return
        with contextlib.suppress(OSError):
            used = cpu_time(task.tracee.tid)
            if self._seen is not event:
                self._seen, self._used = event, used
            elif used > self._used + self._limit:
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
