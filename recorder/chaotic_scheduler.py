"""The scheduler of a recording under chaos: it asks a policy, and does as it is told without waiting for a syscall."""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from redrive.recorder.chaos import LONGEST_SLICE, Chaos
from redrive.recorder.scheduler import TICK, Scheduler
from redrive.recorder.task import Task
from redrive.tracee.monotonic import monotonic

_AGAIN = 0.0005
"""Seconds between two interruptions of a wait whose first one came too early to be seen."""
_IN_CALL = 0.004
"""Seconds after which a task that is in a call counts as asleep there."""
_LEAST_TIMER = 2e-6


@dataclass
class _Budget:
    """How long a program may be kept from its work by one thing: some seconds at first, and a share of all time."""

    allowance: float
    share: float
    spent: float = 0.0

    def is_used_up(self, elapsed: float) -> bool:
        """Whether there may be no more of it for now, so many seconds after the recording began."""
        return self.spent > self.allowance + self.share * elapsed


class ChaoticScheduler(Scheduler):
    """By strict priority: a turn ends when another task has a higher one, or by a whim, which lowers the task's own."""

    def __init__(self, tasks: dict[int, Task], chaos: Chaos) -> None:
        super().__init__(tasks)
        self._chaos = chaos
        self._began = monotonic()
        self._current = 0
        """The tid of the task whose turn it is."""
        self._slice = 0.0
        self._let_go_at = 0.0
        self._over = False
        self._switches = False
        """Whether the turn ends because the policy wants it, at an event."""
        self._held_until: dict[int, float] = {}
        """By tid, until when a task is held back if others can run."""
        self._at_landmark = False
        self._landmarks = _Budget(0.5, 0.5)
        self._holds = _Budget(2.0, 0.2)
        """Others may do no more meanwhile than spin, for what the task that is held has."""

    def _choose(self) -> Task:
        self._await_weather()
        able = self._able(self._turn_began)
        if able:
            chosen = max(able, key=lambda task: self._chaos.priority(task.tid))
        else:
            left = [task for task in self._queue if not self._chaos.is_starved(task.tid)]
            chosen = min(left, key=lambda task: self._held_until[task.tid])
        self._queue.remove(chosen)
        self._held_until.pop(chosen.tid, None)
        self._current = chosen.tid
        self._over = self._switches = self._at_landmark = False
        return chosen

    def _allot(self, task: Task) -> None:
        self._slice = self._slice_length()
        # It begins when the task is let go: the shortest slices are over before that.
        self._slice_end = math.inf

    def turn_may_be_over(self) -> bool:
        """Whether turn_is_over could say so: after each event, where there are others."""
        return len(self._tasks) > 1

    def turn_is_over(self) -> bool:
        """Whether the running task should let another run; collects what has woken meanwhile."""
        now = monotonic()
        self._chaos.at(now - self._began)
        if self._over or len(self._tasks) == 1:
            return self._over
        self._collect_all()
        whim = self.yields or self._switches or self._at_landmark or now >= self._slice_end
        able = self._able(now)
        if not able:
            self._over = self._chaos.is_starved(self._current) and bool(self._queue)
            if whim:
                self._go_on()
        elif whim:
            self._chaos.lower(self._current)
            if self._at_landmark:
                self._hold(now)
            self._over = True
        else:
            own = self._chaos.priority(self._current)
            self._over = self._chaos.is_starved(self._current) or any(
                self._chaos.priority(task.tid) > own for task in able
            )
        return self._over

    def is_overdue(self) -> bool:
        """Whether the task is to be held where it is."""
        return self._over

    def event_passed(self, task: Task) -> bool:
        """Ask the policy whether the turn ends with this event, or some instructions behind it."""
        if self._over or self._switches or self._at_landmark or self._slice_end == math.inf or len(self._tasks) == 1:
            return False
        if task.steps_ahead is None and self._chaos.switch_now(task.tid):
            task.steps_ahead = 0 if task.is_private or self._is_late() else self._chaos.extra_steps()
        if task.steps_ahead and self._able(monotonic()):
            return True
        self._switches = task.steps_ahead == 0
        task.steps_ahead = None
        return False

    @property
    def is_patient(self) -> bool:
        """Not where slices of microseconds matter."""
        return False

    def stepped(self, seconds: float, *, to_landmark: bool) -> None:
        """Count what landmarks cost; at one, the turn ends."""
        self._landmarks.spent += seconds
        self._at_landmark |= to_landmark

    def lets_go(self) -> None:
        """Have the wait for the task interrupted when its slice is over."""
        if len(self._tasks) == 1:
            return
        self._let_go_at = monotonic()
        if self._slice_end == math.inf:
            self._slice_end = self._let_go_at + self._slice
        self._alarm_in(self._slice_end - self._let_go_at)

    def leaves_calls(self) -> bool:
        """Only after some time: an interruption may come while the kernel works on a call, and it does not sleep."""
        return monotonic() >= self._let_go_at + _IN_CALL

    def _slice_length(self) -> float:
        return max(self._chaos.slice_length(), LONGEST_SLICE if self._is_late() else 0.0)

    def _is_late(self) -> bool:
        """Whether landmarks have taken so much time that there may be no more for now."""
        return self._landmarks.is_used_up(monotonic() - self._began)

    def _hold(self, now: float) -> None:
        if not self._holds.is_used_up(now - self._began):
            seconds = self._chaos.hold()
            self._holds.spent += seconds
            self._held_until[self._current] = now + seconds

    def _go_on(self) -> None:
        """The turn would be over, and nobody else can have one."""
        self.yields = self._switches = self._at_landmark = False
        self._slice_end = monotonic() + self._slice_length()

    def _able(self, now: float) -> Sequence[Task]:
        """Those in the queue that may have a turn now."""
        return [
            task
            for task in self._queue
            if self._held_until.get(task.tid, 0.0) <= now and not self._chaos.is_starved(task.tid)
        ]

    def _woke(self, task: Task) -> None:
        delay = self._chaos.wake_delay()
        if delay:
            self._held_until[task.tid] = monotonic() + delay

    def _await_weather(self) -> None:
        """While all that could run are starved, nobody does, as on a machine that is busy elsewhere."""
        while True:
            now = monotonic()
            self._chaos.at(now - self._began)
            if not all(self._chaos.is_starved(task.tid) for task in self._queue):
                return
            self._alarm_in(self._chaos.changes_at - (now - self._began))
            self._collect(0)

    def _alarm_in(self, seconds: float) -> None:
        first = min(max(seconds, _LEAST_TIMER), TICK)
        signal.setitimer(signal.ITIMER_REAL, first, TICK if first == TICK else _AGAIN)
        self._timer = True
