"""Real syscalls made by the test's own process, with every byte watched that the kernel might write.

Arguments that the kernel writes through point into an arena of poisoned memory.  After the call, what changed in the
arena is compared with what the table says.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Iterator, Sequence

import pytest

from redrive.tracee.syscalls import MemoryFault, Syscall, find

NOT_HERE = (-errno.ENOSYS, -errno.EPERM)
"""What kernels without the call say, and containers that forbid it."""
POISON = 0xA5
ARENA_SIZE = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.syscall.argtypes = [ctypes.c_long] * 7


class OwnMemory:
    """The memory of this process."""

    def __init__(self) -> None:
        self._memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, length: int) -> bytes:
        """As Memory.read."""
        try:
            data = os.pread(self._memory, length, address)
        except (OSError, OverflowError) as error:
            raise MemoryFault(address) from error
        if len(data) != length:
            raise MemoryFault(address + len(data))
        return data

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._memory)


class Arena:
    """Poisoned memory from which arguments are taken; behind it is nothing, so that the kernel faults there."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, ARENA_SIZE + mmap.PAGESIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.end = self.address + ARENA_SIZE
        if _libc.syscall(10, self.end, mmap.PAGESIZE, 0, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "mprotect")
        self.memory = OwnMemory()
        self._next = self.address
        self.poison()

    def poison(self) -> None:
        """Start afresh."""
        ctypes.memset(self.address, POISON, ARENA_SIZE)
        self._next = self.address

    def room(self, length: int) -> int:
        """The address of so many bytes, with poisoned bytes around them."""
        address = self._next + 64
        self._next = (address + length + 64 + 15) & ~15
        assert self._next <= self.end
        return address

    def put(self, data: bytes, room: int = 0) -> int:
        """The address of bytes that go in (in at least ``room`` bytes of memory)."""
        address = self.room(max(len(data), room))
        ctypes.memmove(address, data, len(data))
        return address

    def vectors(self, *lengths: int) -> int:
        """The address of an iovec array with memory of its own."""
        return self.put(b"".join(struct.pack("<QQ", self.room(length), length) for length in lengths))

    def bytes(self) -> bytes:
        """All of it."""
        return ctypes.string_at(self.address, ARENA_SIZE)


def system_call(number: int, arguments: Sequence[int]) -> int:
    """The result as the kernel returns it: negative for an error."""
    padded = [*arguments, *([0] * (6 - len(arguments)))]
    result = _libc.syscall(number, *(ctypes.c_long(value).value for value in padded))
    return -ctypes.get_errno() if result == -1 else int(result)


def row_of(number: int, arguments: Sequence[int]) -> Syscall:
    """The row of a syscall that the table must know."""
    row = find(number, unsigned(arguments))
    assert row is not None, f"syscall {number} {arguments} is not in the table"
    return row


def unsigned(arguments: Sequence[int]) -> list[int]:
    """Six registers."""
    return [value & 0xFFFFFFFFFFFFFFFF for value in arguments] + [0] * (6 - len(arguments))


def differences(before: bytes, after: bytes, base: int) -> Iterator[int]:
    """The addresses of bytes that changed."""
    if before == after:
        return
    for page in range(0, len(before), 4096):
        if before[page : page + 4096] != after[page : page + 4096]:
            for offset in range(page, min(page + 4096, len(before))):
                if before[offset] != after[offset]:
                    yield base + offset


def uncovered(changed: Sequence[int], extents: Sequence[tuple[int, int]]) -> list[str]:
    """Those of the addresses that no extent holds."""
    return [hex(at) for at in changed if not any(start <= at < start + length for start, length in extents)]


def observe(arena: Arena, number: int, *arguments: int, expect: int | None = None) -> tuple[int, int]:
    """Make a syscall and check that the table names every byte it changed.  Gives its result and the number of those.

    ``expect`` is the errno that the call must fail with; without it, it must succeed.
    """
    registers = unsigned(arguments)
    row = row_of(number, registers)
    before = arena.bytes()
    result = system_call(number, arguments)
    after = arena.bytes()
    if result in NOT_HERE and -result != expect:
        pytest.skip(f"{row.name} {row.command} may not be called here: {os.strerror(-result)}")
    if expect is None:
        assert result >= 0, f"{row.name} {row.command}: {errno.errorcode.get(-result, -result)}"
    else:
        assert result == -expect, f"{row.name} {row.command}: {result}"
    changed = list(differences(before, after, arena.address))
    missed = uncovered(changed, row.outputs(registers, result, arena.memory))
    assert not missed, f"{row.name} {row.command} wrote {len(missed)} bytes that the table misses: {missed[:8]}"
    if result >= 0 and row.plain_outputs is not None:
        lengths = [(registers[index], result if length < 0 else length) for index, length in row.plain_outputs]
        assert not uncovered(changed, lengths), f"{row.name} {row.command}: plain_outputs miss what outputs() has"
    return result, len(changed)
