"""Signals that wait while a tracee is driven through something they must not interrupt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from redrive.tracee._native import ffi
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.own_faults import OF_INSTRUCTIONS
from redrive.tracee.tracee import Tracee

ALL_SIGNALS = 2**64 - 1
ALL_BUT_FAULTS = ALL_SIGNALS & ~sum(1 << number - 1 for number in OF_INSTRUCTIONS)
"""An instruction that raises a blocked one ends its process (force_sig_info of kernel/signal.c)."""

Came = Callable[[int, bytes, bytes], None]
"""Given a signal that has been put aside: its number, the registers it met, its siginfo.  It must be sent again."""
_NEVER_BLOCKED = 1 << signal.SIGKILL - 1 | 1 << signal.SIGSTOP - 1
"""PTRACE_SETSIGMASK leaves these out: ptrace(2)."""


@contextmanager
def signals_pending(tracee: Tracee, signals: int, came: Came) -> Iterator[None]:
    """Block ``signals`` of a stopped task meanwhile; a kernel before 3.11 cannot, and they are put aside there."""
    try:
        mask = tracee.get_signal_mask()
    except TraceeGone:
        raise
    except TraceeError:
        with signals_put_aside(tracee, signals, came):
            yield
        return
    tracee.set_signal_mask(mask | signals)
    yield
    # It may have died meanwhile, which is found by whoever drives it on.
    with suppress(TraceeGone):
        tracee.set_signal_mask(mask)


@contextmanager
def signals_put_aside(tracee: Tracee, signals: int, came: Came) -> Iterator[None]:
    """Have the task go on without ``signals`` when they are about to be delivered; ``came`` is told at the end.

    There is room for 64.  What comes in between must be taken first, for signals to stay in their order.
    """
    aside = ffi.new("struct redrive_aside *")
    aside.signals = signals & ~_NEVER_BLOCKED
    before, tracee.stop.aside = tracee.stop.aside, aside
    try:
        yield
        take_put_aside(tracee, came)
    finally:
        tracee.stop.aside = before


def take_put_aside(tracee: Tracee, came: Came) -> None:
    """Tell ``came`` of the signals that have been put aside until now, in the order in which they came."""
    aside = tracee.stop.aside
    if aside == ffi.NULL:
        return
    for index in range(aside.count):
        kept = aside.kept[index]
        came(kept.number, bytes(ffi.buffer(ffi.addressof(kept, "registers"))), bytes(ffi.buffer(kept.siginfo)))
    aside.count = 0
