"""What a recording under chaos does to a program: seldom schedules, drawn from a seed.

Three things are known to find bugs that a fair schedule hides, and none finds all (rr's chaos mode, probabilistic
concurrency testing, swarm testing): strict random priorities, so that a task runs far ahead of another; switches in
places nobody thinks of, most of all just behind a syscall; and a task that does not run at all for some time, even if
no other can, as that is how timeouts fire first.  How long such a time must be, and how often switches must come,
differs from bug to bug by orders of magnitude.  So each run leaves some of them out, by its seed, and what is left
changes while it runs, in periods whose lengths are spread evenly over orders of magnitude: the weather.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import NamedTuple


class _Range(NamedTuple):
    """From where to where, both positive; drawn from evenly on a logarithmic scale."""

    low: float
    high: float


SHORTEST_SLICE, LONGEST_SLICE = 5e-6, 50e-3
"""Seconds."""
SHORTEST_WEATHER, LONGEST_WEATHER = 1e-3, 2.0
"""Seconds: what is to happen while a task is starved takes no less and no more for most bugs (rr's experience)."""
MOST_STEPS = 3000
"""Instructions behind an event within which a switch counts as one of that event."""
YOUNG = 8
"""Events of a task that count as its youth: it uses what another sets up, or gives to others what it sets up."""
_CALM_SHARE, _STARVING_SHARE = 0.2, 0.2
_STARVED = 0.2
"""One task in five, so that others go on."""
_AT_ONCE, _NEAR = 0.1, 0.5
"""Shares of the switches that come with the event; and of those and the ones that rather come soon behind it."""
_HOLDS, _WAKE_DELAYS = _Range(1e-3, 2.0), _Range(1e-4, 50e-3)


@dataclass(frozen=True)
class _Weather:
    """How likely each thing is for some time; the default is calm."""

    slices: _Range = _Range(20e-3, LONGEST_SLICE)
    switch: float = 0.0
    delay: float = 0.0
    short: float = 0.0
    starves: bool = False


_SLICES = (
    _Range(SHORTEST_SLICE, LONGEST_SLICE),
    _Range(SHORTEST_SLICE, LONGEST_SLICE),
    _Range(SHORTEST_SLICE, 200e-6),
    _Range(20e-3, LONGEST_SLICE),
    _Range(20e-3, LONGEST_SLICE),
)
_YOUNG_SWITCH = _Range(0.3, 0.9)
_SWITCH, _DELAY, _SHORT = _Range(0.003, 0.3), _Range(0.05, 0.5), _Range(0.05, 0.5)


class Chaos:
    """The decisions of one recording.  The same seed and the same questions give the same answers.

    Only random.Random.random() is drawn from, which is the one method that Python promises never to change.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._draw = random.Random(seed).random
        self._switches, self._delays, self._shortens, self._starves = (self._draw() < 0.75 for _ in range(4))
        """What this run leaves out, a quarter of the runs each."""
        self._disturbs_the_young = self._log_uniform(_YOUNG_SWITCH) if self._switches else 0.0
        self._events: dict[int, int] = {}
        self._weather = _Weather()
        self._changes_at = 0.0
        self._priorities: dict[int, float] = {}
        self._starved: dict[int, bool] = {}

    def at(self, now: float) -> None:
        """It is ``now``, in seconds since the recording began: the weather may change."""
        if now >= self._changes_at:
            self._changes_at = now + self._log_uniform(_Range(SHORTEST_WEATHER, LONGEST_WEATHER))
            self._weather = self._next_weather()
            self._priorities.clear()
            self._starved.clear()

    @property
    def changes_at(self) -> float:
        """When the weather is over, in the seconds of ``at``: who is starved may run again."""
        return self._changes_at

    def slice_length(self) -> float:
        """Seconds that the task whose turn begins may run."""
        return self._log_uniform(self._weather.slices)

    def priority(self, tid: int) -> float:
        """Of the tasks that can run, the one with the highest does.  From 0 to 1, and negative once it was lowered."""
        if tid not in self._priorities:
            self._priorities[tid] = self._draw()
        return self._priorities[tid]

    def lower(self, tid: int) -> None:
        """Put a task behind all others until the weather changes: its turn has ended by a whim."""
        self._priorities[tid] = min(0.0, *self._priorities.values()) - 1.0 if self._priorities else -1.0

    def is_starved(self, tid: int) -> bool:
        """Whether a task may not run in this weather, even if no other can."""
        if self._weather.starves and tid not in self._starved:
            self._starved[tid] = self._draw() < _STARVED
        return self._starved.get(tid, False)

    def wake_delay(self) -> float:
        """Seconds that a task which has woken is held back for, if others can run; 0 for none."""
        return self._log_uniform(_WAKE_DELAYS) if self._draw() < self._weather.delay else 0.0

    def hold(self) -> float:
        """Seconds that a task is held back for, if others can run, which was stopped in the midst of its code.

        Else it would be back at once, when the next one's turn ends so, and others would never get far.
        """
        return self._log_uniform(_HOLDS)

    def switch_now(self, tid: int) -> bool:
        """Whether the running task's turn ends with this event, although its slice is not over.

        More often so while the task is young, calm or not: most that tasks do to each other, they do at a beginning.
        """
        events = self._events[tid] = self._events.get(tid, 0) + 1
        likelihood = max(self._weather.switch, self._disturbs_the_young if events <= YOUNG else 0.0)
        return self._draw() < likelihood

    def extra_steps(self) -> int:
        """Instructions that a task whose turn ends with an event still runs, so that races near to it are met."""
        how = self._draw()
        if how < _AT_ONCE:
            return 0
        if how < _NEAR:
            return int(self._log_uniform(_Range(1, MOST_STEPS + 1)))
        return 1 + int(self._draw() * MOST_STEPS)

    def shorten_now(self) -> bool:
        """Whether a read or write is to be asked for fewer bytes than the program wants, if the kernel might do so."""
        return self._draw() < self._weather.short

    def short_count(self, count: int, least: int) -> int:
        """A number of bytes from ``least`` to ``count`` - 1."""
        # One byte and all but one are what programs forget most.
        return (least, count - 1, least + int(self._draw() * (count - least)))[int(self._draw() * 3)]

    def _next_weather(self) -> _Weather:
        kind = self._draw()
        if kind < _CALM_SHARE:
            return _Weather()
        weather = _Weather(
            _SLICES[int(self._draw() * len(_SLICES))],
            switch=self._log_uniform(_SWITCH) if self._switches else 0.0,
            delay=self._log_uniform(_DELAY) if self._delays else 0.0,
            short=self._log_uniform(_SHORT) if self._shortens else 0.0,
        )
        return replace(weather, starves=self._starves and kind < _CALM_SHARE + _STARVING_SHARE)

    def _log_uniform(self, bounds: _Range) -> float:
        return bounds.low * math.exp(self._draw() * math.log(bounds.high / bounds.low))
