"""A signal that comes again before its handler has returned: the code that it interrupts would never get any further.

That needs no fast timer: a handler of 50 us may take 2 ms under record, and its timer be due again then.
So after a few times in a row the code runs on for a while, as when a signal meets running code.
"""

from __future__ import annotations

from contextlib import ExitStack

from redrive.tracee.signal_mask import ALL_BUT_FAULTS, signals_pending
from redrive.tracee.tracee import Tracee

_IN_A_ROW = 3
"""So often a signal is handled in one place."""


class RepeatedSignals:
    """How often in a row one task has handled one signal in one place."""

    def __init__(self, tracee: Tracee) -> None:
        self._tracee = tracee
        self._number = 0
        self._met = b""
        """The registers that the signal met."""
        self._left_at = b""
        """What the latest handler returned to; it is ``Task.registers`` itself while nothing has run since."""
        self._times = 0
        self._quiet: ExitStack | None = None

    def entered(self, number: int, met: bytes, latest: bytes) -> None:
        """A handler begins; ``latest`` are the registers of the task's latest event."""
        again = latest is self._left_at and number == self._number and met == self._met
        self._times = self._times + 1 if again else 1
        self._number, self._met = number, met

    def returned(self, registers: bytes) -> None:
        """rt_sigreturn's event had these registers."""
        self._left_at = registers

    def has_enough(self, latest: bytes) -> bool:
        """Whether the code must run on, even if signals are due that came first."""
        return self._times >= _IN_A_ROW and latest is self._left_at

    def comes_too_often(self, number: int, latest: bytes) -> bool:
        """Whether a signal that meets the task directly behind its latest event has done so again and again."""
        return self.has_enough(latest) and number == self._number

    @property
    def is_quiet(self) -> bool:
        """Whether no signal comes in before the task's next stop."""
        return self._quiet is not None

    def quieten(self) -> None:
        """Let no signal in until the next stop, so that code comes to run, but for those that instructions raise."""
        if self._quiet is None:
            self._quiet = ExitStack()
            self._quiet.enter_context(signals_pending(self._tracee, ALL_BUT_FAULTS))

    def stopped(self) -> None:
        """The task has stopped: the program's own signal mask counts again."""
        if self._quiet is not None:
            self._quiet.close()
            self._quiet = None
