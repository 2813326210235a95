"""Signals that a program ignores end none of its syscalls, but those of a tracee they do: EINTR is put right.

One that cuts a blocking write or a recv with MSG_WAITALL short, which moves all that it is given natively, is not.

The kernel drops an ignored signal when it is sent, unless the task is traced: then it wakes it for its tracer
(sig_ignored of kernel/signal.c).  Most calls are made again by themselves after that (ERESTART*); a few are not.
"""

from __future__ import annotations

import errno
import signal

from redrive.recorder.task import OpenCall, Task
from redrive.tracee import registers as regs
from redrive.tracee.signal_status import read_signal_status

_ENDED_BY_SIGNALS = {
    "epoll_wait": 3,
    "epoll_pwait": 3,
    "epoll_pwait2": 3,
    "semop": -1,
    "semtimedop": 3,
    "rt_sigtimedwait": 2,
    "io_getevents": 4,
    "io_pgetevents": 4,
}
"""Calls that answer EINTR even to a handler with SA_RESTART (signal(7)): which argument is their timeout."""
_MILLISECONDS = frozenset({"epoll_wait", "epoll_pwait"})
"""Their timeout is an int, and none when it is negative; that of the others is a pointer."""
_IGNORED_BY_DEFAULT = (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH)
"""SIGCONT, too, is ignored (signal(7)), but ends calls natively as well."""
_AGAIN = -513
"""-ERESTARTNOINTR of linux/errno.h."""


def as_untraced(task: Task, call: OpenCall, registers: bytes) -> bytes:
    """The registers to go on with at a syscall's end: those that have the kernel make the call again, if need be.

    A call with a timeout is left alone, as it would begin anew with the whole of it.
    """
    if (
        regs.get_signed(registers, "rax") != -errno.EINTR
        or call.syscall is None
        or call.answer is not None
        or call.answered
    ):
        return registers
    if not _waits_for_ever(call) or not _has_only_ignored_signals(task.tid):
        return registers
    again = regs.replace(registers, rax=_AGAIN)
    task.tracee.set_registers(again)
    return again


def _waits_for_ever(call: OpenCall) -> bool:
    assert call.syscall is not None
    name = call.syscall.name
    index = _ENDED_BY_SIGNALS.get(name)
    if index is None:
        return False
    if name in _MILLISECONDS:
        return bool(call.arguments[index] & 0x8000_0000)
    return index < 0 or call.arguments[index] == 0


def _has_only_ignored_signals(tid: int) -> bool:
    """Whether all signals that are about to be delivered, one at least, are ignored."""
    status = read_signal_status(tid)
    coming = status.pending & ~status.blocked
    by_default = sum(1 << number - 1 for number in _IGNORED_BY_DEFAULT) & ~status.caught
    return bool(coming) and not coming & ~(status.ignored | by_default)
