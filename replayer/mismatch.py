"""Replay saw something else than was recorded; redrive.replayer.divergence makes the report of it."""

from __future__ import annotations

import os

from redrive.replayer.task import Task


class Mismatch(Exception):
    """What differs, with ``expected`` saying in words what should have happened.

    ``recorded`` and ``seen`` are registers: as recorded at this point, and as found now.  Either is empty where it
    does not matter.
    """

    def __init__(self, task: Task, expected: str, recorded: bytes = b"", seen: bytes = b"") -> None:
        super().__init__(expected)
        self.task = task
        self.expected = expected
        self.recorded = recorded
        self.seen = seen


def stopped_elsewhere(task: Task, expected: str, recorded: bytes) -> Mismatch:
    """A Mismatch that shows at the stop a task has just come to."""
    stopped = os.WIFSTOPPED(task.tracee.stop.status)
    return Mismatch(task, expected, recorded, task.tracee.registers if stopped else b"")
