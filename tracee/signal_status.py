"""What /proc/PID/status says of a task's signals (proc(5))."""

from __future__ import annotations

from typing import NamedTuple

from redrive.tracee import proc_file


class SignalStatus(NamedTuple):
    """Sets of signals: bit n - 1 stands for signal n.  ``pending`` are the task's own and its process's."""

    pending: int
    blocked: int
    ignored: int
    caught: int


def read_signal_status(tid: int) -> SignalStatus:
    """Raises OSError when the task is gone."""
    masks = dict.fromkeys(("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"), 0)
    for line in proc_file.read_text(f"/proc/{tid}/status").splitlines():
        name, _, value = line.partition(":")
        if name in masks:
            masks[name] = int(value, 16)
    return SignalStatus(masks["SigPnd"] | masks["ShdPnd"], masks["SigBlk"], masks["SigIgn"], masks["SigCgt"])


def has_signal(mask: int, number: int) -> bool:
    """Whether a set of signals has this one."""
    return bool(mask >> number - 1 & 1)
