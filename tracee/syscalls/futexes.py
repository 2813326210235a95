"""The operations of futex(2), and the system calls that came after it (include/uapi/linux/futex.h)."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import Argument, command, given, integer, named, out, pointer, unsigned
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.shown import Flags
from redrive.tracee.syscalls.syscall import row

_PRIVATE = 128
_CLOCK_REALTIME = 256

_val = unsigned("val")
_timeout = given("timeout", 16, shown.timespec)
_val2 = unsigned("val2")
# The owner's tid, and bits for waiters and a dead owner; the kernel may set the latter although the call fails.
# Who sleeps until it is given the futex has said so in its word: FUTEX_WAITERS makes the owner's unlock a syscall.
_owned = out("uaddr", 4, on_error=True, asleep=True)
_requeued_to = out("uaddr2", 4, on_error=True)

OPERATIONS = (
    command_row(0, "FUTEX_WAIT", _val, _timeout, blocks=True),
    command_row(1, "FUTEX_WAKE", _val),
    command_row(2, "FUTEX_FD", _val),
    command_row(3, "FUTEX_REQUEUE", _val, _val2, pointer("uaddr2")),
    command_row(4, "FUTEX_CMP_REQUEUE", _val, _val2, pointer("uaddr2"), unsigned("val3")),
    command_row(5, "FUTEX_WAKE_OP", _val, _val2, _requeued_to, Argument("val3", shown.hexadecimal)),
    command_row(
        9, "FUTEX_WAIT_BITSET", _val, _timeout, pointer("uaddr2"), Argument("val3", shown.hexadecimal), blocks=True
    ),
    command_row(10, "FUTEX_WAKE_BITSET", _val, pointer("val2"), pointer("uaddr2"), Argument("val3", shown.hexadecimal)),
    command_row(11, "FUTEX_WAIT_REQUEUE_PI", _val, _timeout, _requeued_to, blocks=True),
    command_row(12, "FUTEX_CMP_REQUEUE_PI", _val, _val2, _requeued_to, unsigned("val3")),
)
OWNER_OPERATIONS = (
    command_row(6, "FUTEX_LOCK_PI", _val, _timeout, blocks=True),
    command_row(7, "FUTEX_UNLOCK_PI"),
    command_row(8, "FUTEX_TRYLOCK_PI"),
    command_row(13, "FUTEX_LOCK_PI2", _val, _timeout, blocks=True),
)

_flags = named("flags", shown.hexadecimal)

ROWS = (
    row(
        449,
        "futex_waitv",
        given("waiters", 24),
        unsigned("nr_futexes"),
        _flags,
        _timeout,
        named("clockid", c.CLOCK),
        blocks=True,
    ),
    row(454, "futex_wake", pointer("uaddr"), Argument("mask", shown.hexadecimal), integer("nr"), _flags),
    row(
        455,
        "futex_wait",
        pointer("uaddr"),
        unsigned("val"),
        Argument("mask", shown.hexadecimal),
        _flags,
        _timeout,
        named("clockid", c.CLOCK),
        blocks=True,
    ),
    row(456, "futex_requeue", given("waiters", 48), _flags, integer("nr_wake"), integer("nr_requeue")),
)


_modifier_flags = Flags(((_PRIVATE, "FUTEX_PRIVATE_FLAG"), (_CLOCK_REALTIME, "FUTEX_CLOCK_REALTIME")), zero="")
_operation = command("futex_op", lambda value: _modifier_flags(value & (_PRIVATE | _CLOCK_REALTIME)))

MULTIPLEXERS = (
    Multiplexer(
        202,
        "futex",
        Choice(1, 0xFFFFFFFF & ~(_PRIVATE | _CLOCK_REALTIME)),
        rows_of(202, "futex", (pointer("uaddr"), _operation), OPERATIONS)
        | rows_of(202, "futex", (_owned, _operation), OWNER_OPERATIONS),
    ),
)
