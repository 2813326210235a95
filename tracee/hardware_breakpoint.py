"""Stopping at an instruction without changing it: an execution breakpoint of the CPU's debug registers."""

from __future__ import annotations

from redrive.tracee.tracee import Tracee

_CONTROL = 7
_EXECUTE_AT_0 = 1
"""DR7: L0 set, R/W0 and LEN0 clear (Intel SDM volume 3, 18.2.4)."""


def break_at(tracee: Tracee, address: int) -> None:
    """Have the task raise SIGTRAP whenever it is about to run the instruction at an address."""
    tracee.set_debug_register(0, address)
    tracee.set_debug_register(_CONTROL, _EXECUTE_AT_0)


def clear_breakpoint(tracee: Tracee) -> None:
    """No longer."""
    tracee.set_debug_register(_CONTROL, 0)
