"""Which task runs next.

The tree is serialised: one task runs at a time, and a task that sleeps in the kernel lets another run.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from dataclasses import replace

from redrive.recorder.task import State, Task
from redrive.tracee import ptrace
from redrive.tracee._native import ffi
from redrive.tracee.monotonic import monotonic
from redrive.tracee.tracee import wait_any

SLICE = 0.03
"""Seconds after which a running task lets another one have its turn, where it costs little to hold it."""
LONGEST_SLICE = 0.1
_OF_LANDMARKS = 20
"""A turn is so many times as long as it takes to bring a task to a landmark at its end."""
SPIN = 0.0015
"""The same for one that only waits for another to write to memory; twice as long each time that it still does."""
LOOK = 0.004
"""The same for one of which it is not known whether it computes or only waits."""
LEAST = 0.004
"""Seconds after which it lets one have it that has just woken."""
GRACE = 0.003
"""Seconds that a syscall is waited for before a task is held, or given a signal, in the middle of its code."""
TICK = 0.004
"""Seconds between two looks at who has woken, while a task runs."""
_PASSED_OVER = 2
"""How many nice levels a task gains each time that another is chosen before it, so that none starves."""


class Scheduler:
    """Chooses among the tasks that can go on, by nice and in turn; collects the stops of those that sleep."""

    def __init__(self, tasks: dict[int, Task]) -> None:
        self._tasks = tasks
        self._queue: deque[Task] = deque()
        self._suspended: set[Task] = set()
        self._waiting: list[Task] = []
        """Those among the suspended that would be in the queue."""
        self._stop = ffi.new("struct redrive_stop *")
        self._turn_began = 0.0
        self._turn_length = SLICE
        self._slice_end = 0.0
        self._patience = GRACE
        """Seconds that a syscall is waited for when the turn is over."""
        self._over_since = 0.0
        self._timer = False
        self._ticked = False
        self._woken = False
        self.yields = False
        """Set when the running task gives up its turn: sched_yield(2)."""
        self.has_priorities = False
        """Set when a task has changed its nice value: until then all have the same."""
        self.running: Task | None = None
        """The task that has been let go and is being waited for; None once its stop has been collected with others'."""
        self.newborn: dict[int, object] = {}
        """First stops of tasks whose parent's event has not been seen yet."""
        signal.signal(signal.SIGALRM, self._tick)

    def _tick(self, number: int, frame: object) -> None:
        self._ticked = True

    def add(self, task: Task) -> None:
        """Put a task at the end of the queue."""
        self._enqueue(task)
        if len(self._tasks) > 1:
            # A turn that began when there was no other task must end some time.
            self.watch()

    def _enqueue(self, task: Task) -> None:
        (self._waiting if task in self._suspended else self._queue).append(task)

    def suspend(self, task: Task) -> None:
        """Give a task other than the running one no turn until resume()."""
        self._suspended.add(task)
        if task in self._queue:
            self._queue.remove(task)
            self._waiting.append(task)

    def resume(self, task: Task) -> None:
        """Let a task have its turn again, where it was suspended."""
        self._suspended.discard(task)
        if task in self._waiting:
            self._waiting.remove(task)
            self.add(task)

    def pick(self) -> Task | None:
        """The task to run next; waits for one when all of them sleep.  None when no tracee is left."""
        if not self._queue:
            self._stop_timer()
            while not self._queue:
                if not self._collect(0):
                    return None
            # The kernel reports the youngest first: two that sleep and wake in turn would keep all others out.
            self._collect_all()
        self._turn_began = monotonic()
        self._over_since = 0.0
        self._woken = self.yields = False
        chosen = self._choose()
        self._allot(chosen)
        if len(self._tasks) > 1:
            self.watch()
        return chosen

    def _allot(self, task: Task) -> None:
        """Give a task its time."""
        self._patience = GRACE
        self._slice_end = self._turn_began + self._turn_length
        if task.may_come_back:
            task.computes = max(task.computes - 1, 0)
        elif task.wait is not None:
            # It has made a syscall since; what waited in a loop before is likely to do so again.
            task.wait = replace(task.wait, times=1)
        if self._queue and not task.computes:
            wanted = LOOK if task.wait is None else SPIN * 2 ** (task.wait.times - 1)
            slice_length = min(wanted, self._turn_length)
            self._patience = 0.0
            self._slice_end = self._turn_began + slice_length
            signal.setitimer(signal.ITIMER_REAL, min(slice_length, TICK), TICK)
            self._timer = True

    def _choose(self) -> Task:
        if not self.has_priorities or len(self._queue) == 1:
            return self._queue.popleft()
        chosen = min(self._queue, key=lambda task: nice_of(task) - _PASSED_OVER * task.passed_over)
        self._queue.remove(chosen)
        for task in self._queue:
            task.passed_over += 1
        chosen.passed_over = 0
        return chosen

    def turn_may_be_over(self) -> bool:
        """Whether turn_is_over could say so; changes nothing."""
        return len(self._tasks) > 1 and (self._ticked or self.yields or monotonic() >= self._slice_end)

    def turn_is_over(self) -> bool:
        """Whether the running task should let another run; collects what has woken meanwhile."""
        if not self.turn_may_be_over():
            return False
        now = monotonic()
        self._ticked = False
        self._collect_all()
        if not self._queue:
            self.yields = False
            self._slice_end = now + self._turn_length
            return False
        over = self.yields or now >= self._slice_end or (self._woken and now >= self._turn_began + LEAST)
        if over and not self._over_since:
            self._over_since = now
        return over

    def is_overdue(self) -> bool:
        """Whether the turn has been over for as long as a syscall is waited for."""
        return bool(self._over_since) and monotonic() >= self._over_since + self._patience

    def event_passed(self, task: Task) -> bool:
        """To be told of each event of the running task.  Whether its turn is to end ``steps_ahead`` behind it."""
        return False

    @property
    def is_patient(self) -> bool:
        """Whether a task may run on for some time where it would be held, to learn what it changes."""
        return True

    def goes_on(self) -> None:
        """Let the running task run on for a while, although its turn is over."""
        self._patience = GRACE
        if self._over_since:
            self._over_since = monotonic()

    def stepped(self, seconds: float, *, to_landmark: bool) -> None:
        """To be told that the running task has been stepped for so long, and whether it is at a landmark now."""
        if to_landmark:
            # Halfway to what this one asks for, as single ones may take long for reasons of the machine's.
            wanted = min(max(SLICE, seconds * _OF_LANDMARKS), LONGEST_SLICE)
            self._turn_length += (wanted - self._turn_length) / 2

    def lets_go(self) -> None:
        """To be told that the running task is about to be resumed."""

    def leaves_calls(self) -> bool:
        """Whether a turn that is over ends even while the task is in a call which the table says does not block."""
        return True

    def forget_stop_of(self, tid: int) -> object | None:
        """The first stop of a newborn task, if it has been collected already."""
        return self.newborn.pop(tid, None)

    def _collect_all(self) -> None:
        """Collect what stops of sleeping tasks there are."""
        while self._collect(os.WNOHANG):
            pass

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
            task.tracee.take_stop(self._stop)
            task.state = State.STOPPED
            if task is self.running:
                self.running = None
            else:
                if ptrace.is_end(self._stop.status):
                    # What stops a task does not stop SIGKILL (signal(7)).
                    self.resume(task)
                self._enqueue(task)
                self._woke(task)
        return True

    def _woke(self, task: Task) -> None:
        """A task that slept can run."""
        self._woken = True

    def watch(self) -> None:
        """Have a wait for the running task be interrupted now and then (EINTR)."""
        if not self._timer:
            signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
            self._timer = True

    def _stop_timer(self) -> None:
        if self._timer:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._timer = False

    def close(self) -> None:
        """Leave no timer behind."""
        self._stop_timer()


def nice_of(task: Task) -> int:
    """The task's nice value; that of one that is gone does not matter."""
    try:
        return os.getpriority(os.PRIO_PROCESS, task.tid)
    except OSError:
        return 0
