"""A signal that comes again before its handler has returned: the code that it interrupts would never get any further.

That needs no fast timer: a handler of 50 us may take 2 ms under record, and its timer be due again then.
So after a few times in a row the code runs on for a while, as when a signal meets running code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

from redrive.tracee import registers as regs
from redrive.tracee.signal_mask import ALL_BUT_FAULTS, Came, signals_pending
from redrive.tracee.signal_status import read_signal_status
from redrive.tracee.tracee import Tracee

_IN_A_ROW = 3
"""So often each signal is handled in one place."""
_PLACES_AT_MOST = 64
"""Handlers interrupt handlers: so many places may wait at once."""


class RepeatedSignals:
    """How often one task has handled which signals in which places, without getting any further there."""

    def __init__(self) -> None:
        self._handled: dict[bytes, Counter[int]] = {}
        """By the registers that were met: how often each signal was handled."""
        self._arrived_at = b""
        """Where a handler has begun, or returned to; it is ``Task.registers`` itself while nothing has run since."""
        self._quiet: ExitStack | None = None
        self._put_aside_at = b""
        self._put_aside = 0

    def put_aside(self, met: bytes) -> int:
        """One more signal is put aside; how many in a row have met the task with these registers."""
        self._put_aside = self._put_aside + 1 if met == self._put_aside_at else 1
        self._put_aside_at = met
        return self._put_aside

    def entered(self, number: int, met: bytes, latest: bytes, handler: bytes) -> None:
        """A handler begins with registers ``handler``; ``latest`` are those of the task's event before."""
        if latest is not self._arrived_at:
            self._has_left()
        if len(self._handled) == _PLACES_AT_MOST:
            self._handled.clear()
        self._handled.setdefault(_place(met), Counter())[number] += 1
        self._arrived_at = handler

    def returned(self, registers: bytes) -> None:
        """rt_sigreturn's event had these registers."""
        self._has_left()
        self._arrived_at = registers

    def _has_left(self) -> None:
        """The task has run on from where it had arrived."""
        self._handled.pop(_place(self._arrived_at), None)

    def has_enough(self, latest: bytes) -> bool:
        """Whether the code must run on, even if signals are due that came first."""
        return max(self._handled_here(latest).values(), default=0) >= _IN_A_ROW

    def comes_too_often(self, number: int, latest: bytes) -> bool:
        """Whether a signal that meets the task directly behind its latest event has done so again and again."""
        return self._handled_here(latest)[number] >= _IN_A_ROW

    def _handled_here(self, latest: bytes) -> Counter[int]:
        found = self._handled.get(_place(latest)) if latest is self._arrived_at and latest else None
        return Counter() if found is None else found

    @property
    def is_quiet(self) -> bool:
        """Whether no signal comes in before the task's next stop."""
        return self._quiet is not None

    def yet_to_come(self, tid: int, latest: bytes, deferred: Iterable[int]) -> int:
        """The set of signals that are pending for the task, and wait for their first times here.

        As the kernel gives the lowest number first (next_signal of kernel/signal.c), two that come again and again
        would keep out a third for ever.
        """
        often = (number for number, times in self._handled_here(latest).items() if times >= _IN_A_ROW)
        had_their_turn = sum(1 << number - 1 for number in {*often, *deferred})
        status = read_signal_status(tid)
        return status.pending & ~status.blocked & ~had_their_turn

    def quieten(self, tracee: Tracee, came: Came, but: int = 0) -> None:
        """Let no signals in until the next stop, so that code comes to run, ``but`` these and those of instructions.

        ``came`` is for signals_pending.
        """
        if self._quiet is None:
            self._quiet = ExitStack()
            self._quiet.enter_context(signals_pending(tracee, ALL_BUT_FAULTS & ~but, came))

    def stopped(self) -> None:
        """The task has stopped: the program's own signal mask counts again."""
        if self._quiet is not None:
            self._quiet.close()
            self._quiet = None


def _place(registers: bytes) -> bytes:
    """Registers, without orig_rax, which is none of the CPU's."""
    return regs.replace(registers, orig_rax=-1) if registers else registers
