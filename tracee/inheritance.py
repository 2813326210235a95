"""What a program has from whoever starts it, and its tracer cannot do with: set aside, and given to the program.

Of signal(7)'s dispositions execve passes on which signals are ignored; it also passes on the mask and the timers of
setitimer(2).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_NEEDED = (signal.SIGALRM, signal.SIGSEGV)
"""The scheduler's clock, and what rdtsc raises (shared_traps).

SIGCHLD may stay ignored: do_notify_parent (kernel/signal.c) reaps no tracee for that.
"""
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Inheritance(NamedTuple):
    """``timers`` are (seconds to go, interval) of the three of setitimer(2), in the order of their numbers.

    ``ignored`` are only those that the tracer has set aside: others the program inherits from it.
    """

    blocked: frozenset[int] = frozenset()
    ignored: frozenset[int] = frozenset()
    timers: tuple[tuple[float, float], ...] = ((0.0, 0.0),) * len(_TIMERS)


@contextmanager
def set_aside() -> Iterator[Inheritance]:
    """What there was before; it is put back at the end.  The timers run on: ``take_timers`` takes them."""
    # A handler that is not Python's, which gives None, is nothing that a program has from another.
    actions = {number: action for number in _NEEDED if (action := signal.getsignal(number)) is not None}
    for number in actions:
        signal.signal(number, signal.SIG_DFL)
    blocked = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        ignored = frozenset(int(number) for number, action in actions.items() if action is signal.SIG_IGN)
        yield Inheritance(frozenset(map(int, blocked)), ignored)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, action in actions.items():
            signal.signal(number, action)


def take_timers() -> tuple[tuple[float, float], ...]:
    """Stop the timers of this process, and say how they were."""
    return tuple(signal.setitimer(timer, 0) for timer in _TIMERS)


def environment() -> tuple[bytes, ...]:
    """The environment that this process was started with, to the byte.

    Python puts an LC_CTYPE of its own into the C locale's (PEP 538), and leaves out what has no equals sign.
    """
    try:
        started_with = Path("/proc/self/environ").read_bytes()
    except OSError:
        return tuple(name + b"=" + value for name, value in os.environb.items())
    return tuple(started_with.split(b"\0")[:-1])
