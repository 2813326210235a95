"""What /proc/PID/status says of a task's signals (proc(5))."""

from __future__ import annotations

from typing import NamedTuple

from redrive.tracee import proc_file

_SETS = ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt")


class SignalStatus(NamedTuple):
    """Sets of signals: bit n - 1 stands for signal n.  ``pending`` are the task's own and its process's."""

    pending: int
    blocked: int
    ignored: int
    caught: int


def read_signal_status(tid: int) -> SignalStatus:
    """Raises OSError when the task is gone."""
    fields = proc_file.read_fields(f"/proc/{tid}/status")
    # A task that is past its end has none of them.
    own, shared, *others = (int(fields.get(name, "0"), 16) for name in _SETS)
    return SignalStatus(own | shared, *others)


def has_signal(mask: int, number: int) -> bool:
    """Whether a set of signals has this one."""
    return bool(mask >> number - 1 & 1)
