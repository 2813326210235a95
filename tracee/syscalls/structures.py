"""What is written through structures that hold pointers of their own: iovec arrays, message headers and the like.

Layouts are those of x86-64: struct iovec is (pointer, length); struct msghdr is name, namelen, iov, iovlen, control,
controllen, flags (56 bytes, recvmsg(2)); struct mmsghdr adds msg_len (64 bytes, recvmmsg(2)).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redrive.tracee.syscalls.argument import PREVIEW_LIMIT, SOCKET_ADDRESS_LIMIT, Given, Reader
from redrive.tracee.syscalls.extents import Extent, Positions, Writers
from redrive.tracee.syscalls.memory_protocol import Memory, MemoryFault
from redrive.tracee.syscalls.shown import quoted

MOST_VECTORS = 1024
"""UIO_MAXIOV."""
MOST_CONTROL = 1 << 20
"""Of a message's control data; the kernel's own limit (net.core.optmem_max) is far lower."""

_MESSAGE_HEADER = struct.Struct("<QI4xQQQQI4x")
_MESSAGE_HEADER_SIZE = 56
_MANY_MESSAGE_SIZE = 64


def vector_extents(address: int, count: int, limit: int, memory: Memory) -> Iterator[Extent]:
    """The first ``limit`` bytes of what an iovec array describes."""
    if count <= 0 or not address:
        return
    data = memory.read(address, min(count, MOST_VECTORS) * 16)
    for base, length in struct.iter_unpack("<QQ", data):
        if limit <= 0:
            return
        if base and length:
            yield base, min(length, limit)
        limit -= length


def vector_preview(address: int, count: int, memory: Memory) -> bytes:
    """The first PREVIEW_LIMIT bytes of what an iovec array describes."""
    return b"".join(memory.read(*extent) for extent in vector_extents(address, count, PREVIEW_LIMIT, memory))


@dataclass(frozen=True, slots=True)
class Vectors:
    """An array of ``count`` iovecs, filled with as many bytes as the result says."""

    count: str

    def bind(self, positions: Positions) -> Writers:
        index = positions[self.count].place

        def success(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return vector_extents(address, arguments[index], result, memory)

        def fault(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return vector_extents(address, arguments[index], 1 << 47, memory)

        return Writers(success, fault, None)


def message_extents(address: int, transferred: int, memory: Memory) -> Iterator[Extent]:
    """What recvmsg(2) writes: the header, the name, the control data and ``transferred`` bytes of data."""
    yield address, _MESSAGE_HEADER_SIZE
    try:
        header = memory.read(address, _MESSAGE_HEADER_SIZE)
    except MemoryFault:
        return
    name, name_length, vectors, count, control, control_length, _ = _MESSAGE_HEADER.unpack(header)
    if name:
        yield name, min(name_length, SOCKET_ADDRESS_LIMIT)
    if control:
        yield control, min(control_length, MOST_CONTROL)
    yield from vector_extents(vectors, count, transferred, memory)


def received_message(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """The struct msghdr of recvmsg(2)."""
    return message_extents(address, result if result >= 0 else 1 << 47, memory)


@dataclass(frozen=True, slots=True)
class ReceivedMessages:
    """The array of ``count`` struct mmsghdr of recvmmsg(2): its data's lengths are in msg_len."""

    count: str

    def bind(self, positions: Positions) -> Writers:
        index, mask = positions[self.count]

        def many(address: int, received: int, count: int, memory: Memory) -> Iterator[Extent]:
            for number in range(min(count, MOST_VECTORS)):
                at = address + number * _MANY_MESSAGE_SIZE
                yield at, _MANY_MESSAGE_SIZE
                length = 1 << 47
                if number < received:
                    length = int.from_bytes(memory.read(at + _MESSAGE_HEADER_SIZE, 4), "little")
                yield from message_extents(at, length, memory)

        def success(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            # One more than was received: it may have failed half-way, which recvmmsg(2) reports by the next call only.
            return many(address, result, min(result + 1, arguments[index] & mask), memory)

        def fault(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return many(address, 0, arguments[index] & mask, memory)

        return Writers(success, fault, None)


def previewed_vectors(count: str) -> Given:
    """The first bytes that an iovec array of ``count`` gives to the kernel."""

    def bind(positions: Positions) -> Reader:
        index = positions[count].place
        return lambda address, arguments, memory: vector_preview(address, arguments[index], memory)

    return Given(None, PREVIEW_LIMIT, quoted, bind)


def sent_message(address: int, arguments: Sequence[int], memory: Memory) -> bytes:
    """The first bytes of data of a struct msghdr."""
    _, _, vectors, count, _, _, _ = _MESSAGE_HEADER.unpack(memory.read(address, _MESSAGE_HEADER_SIZE))
    return vector_preview(vectors, count, memory)


PREVIEWED_MESSAGE = Given(None, PREVIEW_LIMIT, quoted, lambda positions: sent_message)


def extended_attribute_value(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct xattr_args of getxattrat(2): value, size, flags."""
    value, size, _ = struct.unpack("<QII", memory.read(address, 16))
    yield value, min(result, size) if result >= 0 else size


def file_handle(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct file_handle of name_to_handle_at(2): handle_bytes, handle_type, and so many bytes."""
    yield address, 8 + min(int.from_bytes(memory.read(address, 4), "little"), 128)


def netfilter_counters(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct ipt_replace and ip6t_replace of setsockopt(IPT_SO_SET_REPLACE): the old counters go where it points.

    Layout (linux/netfilter_ipv4/ip_tables.h): num_counters at 84, counters at 88; a counter has 16 bytes.
    """
    count, counters = struct.unpack("<IQ", memory.read(address + 84, 12))
    if counters:
        yield counters, count * 16
