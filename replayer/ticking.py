"""Having waits be interrupted now and then, so that something is looked at while a task runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ticking(every: float, tick: Callable[[], None]) -> Iterator[None]:
    """Call ``tick`` every so many seconds, in the main thread; the ticks that were there before go on afterwards."""
    former = signal.signal(signal.SIGALRM, lambda number, frame: tick())
    timer = signal.setitimer(signal.ITIMER_REAL, every, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, former)
