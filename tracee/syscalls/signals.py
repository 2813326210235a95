"""Signals: actions, masks, queues, sending and waiting."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls import shown_structures as structure
from redrive.tracee.syscalls.argument import Argument, descriptor, given, integer, named, out, size
from redrive.tracee.syscalls.extents import Counted
from redrive.tracee.syscalls.syscall import Treatment, row

_signal = named("sig", c.SIGNAL)
_mask_size = size("sigsetsize")


def signal_set(name: str = "set") -> Argument:
    """A sigset_t that goes in."""
    return given(name, "sigsetsize", structure.signal_set, limit=8)


ROWS = (
    row(
        13,
        "rt_sigaction",
        named("signum", c.SIGNAL),
        given("act", 32, structure.signal_action),
        out("oldact", 32),
        _mask_size,
    ),
    row(
        14,
        "rt_sigprocmask",
        named("how", c.SIGNAL_HOW),
        signal_set(),
        out("oldset", Counted("sigsetsize")),
        _mask_size,
    ),
    row(15, "rt_sigreturn", treatment=Treatment.EXECUTED),
    row(34, "pause", blocks=True),
    row(62, "kill", integer("pid"), _signal),
    row(127, "rt_sigpending", out("set", Counted("sigsetsize")), _mask_size),
    row(
        128,
        "rt_sigtimedwait",
        signal_set(),
        out("info", 128),
        given("timeout", 16, shown.timespec),
        _mask_size,
        blocks=True,
    ),
    row(129, "rt_sigqueueinfo", integer("tgid"), _signal, given("info", 128)),
    row(130, "rt_sigsuspend", signal_set("mask"), _mask_size, blocks=True),
    row(131, "sigaltstack", given("ss", 24), out("old_ss", 24)),
    row(200, "tkill", integer("tid"), _signal),
    row(234, "tgkill", integer("tgid"), integer("tid"), _signal),
    row(282, "signalfd", descriptor(), signal_set("mask"), _mask_size),
    row(289, "signalfd4", descriptor(), signal_set("mask"), _mask_size, named("flags", c.SIGNALFD_FLAGS)),
    row(297, "rt_tgsigqueueinfo", integer("tgid"), integer("tid"), _signal, given("info", 128)),
)
