"""Which task runs next.

The tree is serialised: one task runs at a time, and a task that sleeps in the kernel lets another run.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque

from redrive.recorder.task import State, Task
from redrive.tracee._native import ffi
from redrive.tracee.tracee import wait_any

SLICE = 0.02
"""Seconds after which a running task lets another one have its turn."""


class Scheduler:
    """Round robin over the tasks that can go on; collects the stops of those that sleep."""

    def __init__(self, tasks: dict[int, Task]) -> None:
        self._tasks = tasks
        self._queue: deque[Task] = deque()
        self._stop = ffi.new("struct redrive_stop *")
        self._slice_end = 0.0
        self._timer = False
        self.running: Task | None = None
        """The task that has been let go and is being waited for; None once its stop has been collected with others'."""
        self.newborn: dict[int, object] = {}
        """First stops of tasks whose parent's event has not been seen yet."""
        signal.signal(signal.SIGALRM, lambda number, frame: None)

    def add(self, task: Task) -> None:
        """Put a task at the end of the queue."""
        self._queue.append(task)

    @property
    def others_wait(self) -> bool:
        """Whether another task than the running one could run now."""
        return bool(self._queue)

    def pick(self) -> Task | None:
        """The task to run next; waits for one when all of them sleep.  None when no tracee is left."""
        if not self._queue:
            self._stop_timer()
            while not self._queue:
                if not self._collect(0):
                    return None
        self._slice_end = time.monotonic() + SLICE
        if len(self._tasks) > 1:
            self._start_timer()
        return self._queue.popleft()

    def slice_is_over(self) -> bool:
        """Whether the running task should let another run; collects what has woken meanwhile."""
        if len(self._tasks) == 1 or time.monotonic() < self._slice_end:
            return False
        self._slice_end = time.monotonic() + SLICE
        while self._collect(os.WNOHANG):
            pass
        return bool(self._queue)

    def forget_stop_of(self, tid: int) -> object | None:
        """The first stop of a newborn task, if it has been collected already."""
        return self.newborn.pop(tid, None)

    def _collect(self, flags: int) -> bool:
        """Collect one stop of a sleeping task.  False when there is none to collect."""
        try:
            tid = wait_any(flags, self._stop)
        except InterruptedError:
            return True
        if tid <= 0:
            return False
        task = self._tasks.get(tid)
        if task is None:
            copy = ffi.new("struct redrive_stop *")
            ffi.memmove(copy, self._stop, ffi.sizeof("struct redrive_stop"))
            self.newborn[tid] = copy
        elif task.state is State.DYING and not os.WIFSTOPPED(self._stop.status):
            del self._tasks[tid]
        else:
            ffi.memmove(task.tracee.stop, self._stop, ffi.sizeof("struct redrive_stop"))
            task.state = State.STOPPED
            if task is self.running:
                self.running = None
            else:
                self._queue.append(task)
        return True

    def _start_timer(self) -> None:
        """So that a wait for the running task is interrupted now and then (EINTR)."""
        if not self._timer:
            signal.setitimer(signal.ITIMER_REAL, SLICE, SLICE)
            self._timer = True

    def _stop_timer(self) -> None:
        if self._timer:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._timer = False

    def close(self) -> None:
        """Leave no timer behind."""
        self._stop_timer()
