"""The requests of ioctl(2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from redrive.tracee.syscalls.argument import command, descriptor, given, out
from redrive.tracee.syscalls.multiplexer import Multiplexer, chosen_by, rows_of
from redrive.tracee.syscalls.syscall import Syscall, row
from redrive.tracee.syscalls.terminal_ioctls import REQUESTS as TERMINAL_REQUESTS

_SHARED = (descriptor(), command("request"))
_DIRECTIONS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")


@lru_cache(maxsize=256)
def decoded(request: int) -> Syscall | None:
    """A row for a request that is in no table, from the direction and size in its number (ioctl(2), asm-generic/ioctl.h).

    None where the number carries no size: older requests look so, and such a number says nothing about memory.
    """
    direction, length = request >> 30, request >> 16 & 0x3FFF
    if not direction or not length:
        return None
    letter, number = request >> 8 & 0xFF, request & 0xFF
    name = f"_IOC({_DIRECTIONS[direction]}, {letter:#x}, {number:#x}, {length:#x})"
    argument = out("argp", length, on_error=True) if direction & 2 else given("argp", length)
    return row(16, "ioctl", *_SHARED, argument, blocks=True, command=name)


def _decoded(arguments: Sequence[int]) -> Syscall | None:
    return decoded(arguments[1] & 0xFFFFFFFF)


MULTIPLEXERS = (Multiplexer(16, "ioctl", chosen_by(1), rows_of(16, "ioctl", _SHARED, TERMINAL_REQUESTS), _decoded),)
