"""How an ioctl's number is made: direction, size, letter, number (include/uapi/asm-generic/ioctl.h).

Most requests since Linux 2.0 say in their number how many bytes go which way, seen from the program: _IOW gives bytes
to the kernel, _IOR takes them.  Where the kernel does otherwise, the row says what it really does.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from redrive.tracee.syscalls.argument import Argument, given, out, pointer
from redrive.tracee.syscalls.extents import Extent, Structure
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import Command, command_row

NONE, WRITE, READ = 0, 1, 2
"""_IOC_NONE, _IOC_WRITE, _IOC_READ; the latter two may be ored."""


class Request(NamedTuple):
    """The parts of an ioctl's number."""

    direction: int
    length: int
    letter: int
    number: int


def request_parts(value: int) -> Request:
    """Take a number apart."""
    return Request(value >> 30 & 3, value >> 16 & 0x3FFF, value >> 8 & 0xFF, value & 0xFF)


def request_number(direction: int, letter: int | str, number: int, length: int = 0) -> int:
    """Put a number together."""
    code = ord(letter) if isinstance(letter, str) else letter
    return direction << 30 | length << 16 | code << 8 | number


def bare(name: str, letter: int | str, number: int, argument: Argument | None = None, blocks: bool = False) -> Command:
    """_IO: no size; the argument is a number or nothing unless it is given."""
    return command_row(request_number(NONE, letter, number), name, argument or pointer("arg"), blocks=blocks)


def reading(name: str, letter: int | str, number: int, length: int) -> Command:
    """_IOR: the kernel writes ``length`` bytes."""
    return command_row(request_number(READ, letter, number, length), name, out("argp", length))


def writing(name: str, letter: int | str, number: int, length: int) -> Command:
    """_IOW: the program gives ``length`` bytes."""
    return command_row(request_number(WRITE, letter, number, length), name, given("argp", length))


def both_ways(name: str, letter: int | str, number: int, length: int) -> Command:
    """_IOWR: the program gives ``length`` bytes and the kernel may change them, also when it fails."""
    return command_row(request_number(READ | WRITE, letter, number, length), name, out("argp", length, on_error=True))


def structured(
    name: str, request: int, extents: Callable[[int, int, Memory], Iterator[Extent]], blocks: bool = False
) -> Command:
    """A request whose structure says itself how long it is, or points elsewhere."""
    return command_row(request, name, out("argp", Structure(extents), on_error=True), blocks=blocks)


def with_buffers(length: int, *buffers: tuple[int, int, int, int]) -> Callable[[int, int, Memory], Iterator[Extent]]:
    """Extents of a structure of ``length`` bytes with buffers: (pointer at, count at, width of the count, bytes each).

    A pointer at -1 means that the buffer follows the structure.
    """

    def extents(address: int, result: int, memory: Memory) -> Iterator[Extent]:
        yield address, length
        data = memory.read(address, length)
        for pointer_at, count_at, width, each in buffers:
            count = int.from_bytes(data[count_at : count_at + width], "little")
            base = address + length if pointer_at < 0 else int.from_bytes(data[pointer_at : pointer_at + 8], "little")
            if base:
                yield base, count * each

    return extents


def pointed_block(offset: int, most: int) -> Callable[[int, int, Memory], Iterator[Extent]]:
    """Extents of a structure with a pointer at ``offset`` to something of unknown length, at most ``most`` bytes."""

    def extents(address: int, result: int, memory: Memory) -> Iterator[Extent]:
        yield address, offset + 16
        (base,) = struct.unpack("<Q", memory.read(address + offset, 8))
        if base:
            yield base, most

    return extents
