"""The tasks that are alive at a point of the trace, by their recorded tids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from redrive.replayer.bounds import TASKS_AT_ONCE
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.task import Task


class Tasks(Mapping[int, Task]):
    """Live tasks.  Looking up one that is not there raises UntrustworthyTrace: no event may name it."""

    def __init__(self) -> None:
        self._alive: dict[int, Task] = {}
        self.first: int | None = None
        """The tid of the first task of the trace, whose end is that of the recorded command."""

    def __getitem__(self, tid: int) -> Task:
        try:
            return self._alive[tid]
        except KeyError:
            raise UntrustworthyTrace(f"the trace has an event of task {tid}, which is not there") from None

    def __contains__(self, tid: object) -> bool:
        return tid in self._alive

    def __iter__(self) -> Iterator[int]:
        return iter(self._alive)

    def __len__(self) -> int:
        return len(self._alive)

    def find(self, tid: int) -> Task | None:
        """The task, if it is alive."""
        return self._alive.get(tid)

    def add(self, task: Task) -> None:
        """A task has begun."""
        if task.tid in self._alive:
            raise UntrustworthyTrace(f"the trace begins task {task.tid} twice")
        if len(self._alive) >= TASKS_AT_ONCE:
            raise UntrustworthyTrace(f"the trace has more than {TASKS_AT_ONCE} tasks at a time")
        if self.first is None:
            self.first = task.tid
        self._alive[task.tid] = task

    def remove(self, task: Task) -> None:
        """A task has ended."""
        del self._alive[task.tid]

    def has_siblings(self, task: Task) -> bool:
        """Whether other threads of the task's process are alive."""
        return any(other.process == task.process and other is not task for other in self._alive.values())
