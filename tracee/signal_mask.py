"""Signals that wait while a tracee is driven through something they must not interrupt."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.tracee import Tracee

ALL_SIGNALS = 2**64 - 1
_OF_INSTRUCTIONS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS)
ALL_BUT_FAULTS = ALL_SIGNALS & ~sum(1 << number - 1 for number in _OF_INSTRUCTIONS)
"""An instruction that raises a blocked one ends its process (force_sig_info of kernel/signal.c)."""


@contextmanager
def signals_pending(tracee: Tracee, signals: int) -> Iterator[None]:
    """Block ``signals`` of a stopped task meanwhile.  A kernel before 3.11 cannot: they come then."""
    try:
        mask = tracee.get_signal_mask()
    except TraceeGone:
        raise
    except TraceeError:
        yield
        return
    tracee.set_signal_mask(mask | signals)
    yield
    # It may have died meanwhile, which is found by whoever drives it on.
    with suppress(TraceeGone):
        tracee.set_signal_mask(mask)
