"""The tasks that are alive at a point of the trace, by their recorded tids."""

from __future__ import annotations

from redrive.formats.task_limit import TASKS_AT_ONCE
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.task import Task


class Tasks(dict[int, Task]):
    """Live tasks.  Looking up one that is not there raises UntrustworthyTrace: no event may name it."""

    def __init__(self) -> None:
        super().__init__()
        self.first: int | None = None
        """The tid of the first task of the trace, whose end is that of the recorded command."""

    def __missing__(self, tid: int) -> Task:
        raise UntrustworthyTrace(f"the trace has an event of task {tid}, which is not there")

    def add(self, task: Task) -> None:
        """A task has begun."""
        if task.tid in self:
            raise UntrustworthyTrace(f"the trace begins task {task.tid} twice")
        if len(self) >= TASKS_AT_ONCE:
            raise UntrustworthyTrace(f"the trace has more than {TASKS_AT_ONCE} tasks at a time")
        if self.first is None:
            self.first = task.tid
        self[task.tid] = task

    def remove(self, task: Task) -> None:
        """A task has ended."""
        del self[task.tid]

    def rename(self, task: Task, tid: int) -> None:
        """A thread that called execve has become its process's leader."""
        del self[task.tid]
        task.tid = tid
        self[tid] = task

    def has_siblings(self, task: Task) -> bool:
        """Whether other threads of the task's process are alive."""
        return any(other.process == task.process and other is not task for other in self.values())
