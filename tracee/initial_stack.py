"""What execve leaves on a new program's stack: argc, argv, envp, auxv (x86-64 ABI document, 3.4.1)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from redrive.tracee.tracee import Tracee

AT_NULL, AT_IGNORE, AT_BASE, AT_SYSINFO_EHDR = 0, 1, 7, 33
_WORD = struct.Struct("<Q")


class InitialStack(NamedTuple):
    """The vectors' strings, and where each auxv entry lies: type to the address of its (type, value) pair."""

    arguments: tuple[bytes, ...]
    environment: tuple[bytes, ...]
    auxiliary: dict[int, tuple[int, int]]
    """Type: (address of the pair, value)."""


def read_initial_stack(tracee: Tracee, start: int, end: int) -> InitialStack:
    """Parse the stack of a tracee that has just executed: ``start`` is its rsp, ``end`` the stack's end."""
    data = tracee.read(start, end - start)

    def string(address: int) -> bytes:
        offset = address - start
        return data[offset : data.index(b"\0", offset)]

    def word(index: int) -> int:
        value: int = _WORD.unpack_from(data, 8 * index)[0]
        return value

    count = word(0)
    arguments = tuple(string(word(1 + index)) for index in range(count))
    position = count + 2
    environment = []
    while word(position):
        environment.append(string(word(position)))
        position += 1
    position += 1
    auxiliary = {}
    while word(position) != AT_NULL:
        auxiliary[word(position)] = (start + 8 * position, word(position + 1))
        position += 2
    return InitialStack(arguments, tuple(environment), auxiliary)
