"""The commands of bpf(2): include/uapi/linux/bpf.h.

The size of a map's keys and values is known to the kernel alone, so what is looked up is bounded generously.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from redrive.tracee.syscalls.argument import Argument, command, out, unsigned
from redrive.tracee.syscalls.extents import Extent, Structure
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of

_MOST_ATTRIBUTES = 256
"""sizeof(union bpf_attr) is about 150 bytes; the kernel writes no further."""
_MOST_OF_AN_ELEMENT = 1 << 20
_MOST_OF_A_LIST = 1 << 16


def _word(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _half(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _attributes(further: Callable[[bytes, Memory], Iterator[Extent]]) -> Argument:
    """union bpf_attr, which the kernel updates, and what it writes through pointers in it."""

    def extents(address: int, result: int, memory: Memory) -> Iterator[Extent]:
        yield address, _MOST_ATTRIBUTES
        yield from further(memory.read(address, 64), memory)

    return out("attr", Structure(extents), on_error=True)


def _elements(*offsets: int) -> Argument:
    return _attributes(lambda data, memory: ((_word(data, offset), _MOST_OF_AN_ELEMENT) for offset in offsets))


def _sized(*members: tuple[int, int, int]) -> Argument:
    """Buffers in the attributes: where the pointer is, where the count, how long an item is."""
    return _attributes(
        lambda data, memory: ((_word(data, at), _half(data, count) * each) for at, count, each in members)
    )


def _information(data: bytes, memory: Memory) -> Iterator[Extent]:
    """BPF_OBJ_GET_INFO_BY_FD: the structure's layout depends on the object, and some members point at lists."""
    length, address = struct.unpack_from("<IQ", data, 4)
    length = min(length, 4096)
    yield address, length
    for (word,) in struct.iter_unpack("<Q", memory.read(address, length // 8 * 8)):
        if word >> 16:
            yield word, _MOST_OF_A_LIST


_nothing = _sized()

COMMANDS = (
    command_row(0, "BPF_MAP_CREATE", _nothing),
    command_row(1, "BPF_MAP_LOOKUP_ELEM", _elements(16)),
    command_row(2, "BPF_MAP_UPDATE_ELEM", _nothing),
    command_row(3, "BPF_MAP_DELETE_ELEM", _nothing),
    command_row(4, "BPF_MAP_GET_NEXT_KEY", _elements(16)),
    command_row(5, "BPF_PROG_LOAD", _sized((32, 28, 1))),
    command_row(6, "BPF_OBJ_PIN", _nothing),
    command_row(7, "BPF_OBJ_GET", _nothing),
    command_row(8, "BPF_PROG_ATTACH", _nothing),
    command_row(9, "BPF_PROG_DETACH", _nothing),
    command_row(10, "BPF_PROG_TEST_RUN", _sized((24, 12, 1), (56, 44, 1)), blocks=True),
    command_row(11, "BPF_PROG_GET_NEXT_ID", _nothing),
    command_row(12, "BPF_MAP_GET_NEXT_ID", _nothing),
    command_row(13, "BPF_PROG_GET_FD_BY_ID", _nothing),
    command_row(14, "BPF_MAP_GET_FD_BY_ID", _nothing),
    command_row(15, "BPF_OBJ_GET_INFO_BY_FD", _attributes(_information)),
    command_row(16, "BPF_PROG_QUERY", _sized((16, 24, 4), (32, 24, 4), (40, 24, 4), (48, 24, 4))),
    command_row(17, "BPF_RAW_TRACEPOINT_OPEN", _nothing),
    command_row(18, "BPF_BTF_LOAD", _sized((8, 20, 1))),
    command_row(19, "BPF_BTF_GET_FD_BY_ID", _nothing),
    command_row(20, "BPF_TASK_FD_QUERY", _sized((16, 12, 1))),
    command_row(21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM", _elements(16)),
    command_row(22, "BPF_MAP_FREEZE", _nothing),
    command_row(23, "BPF_BTF_GET_NEXT_ID", _nothing),
    command_row(24, "BPF_MAP_LOOKUP_BATCH", _elements(8, 16, 24)),
    command_row(25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH", _elements(8, 16, 24)),
    command_row(26, "BPF_MAP_UPDATE_BATCH", _nothing),
    command_row(27, "BPF_MAP_DELETE_BATCH", _nothing),
    command_row(28, "BPF_LINK_CREATE", _nothing),
    command_row(29, "BPF_LINK_UPDATE", _nothing),
    command_row(30, "BPF_LINK_GET_FD_BY_ID", _nothing),
    command_row(31, "BPF_LINK_GET_NEXT_ID", _nothing),
    command_row(32, "BPF_ENABLE_STATS", _nothing),
    command_row(33, "BPF_ITER_CREATE", _nothing),
    command_row(34, "BPF_LINK_DETACH", _nothing),
    command_row(35, "BPF_PROG_BIND_MAP", _nothing),
    command_row(36, "BPF_TOKEN_CREATE", _nothing),
    command_row(37, "BPF_PROG_STREAM_READ_BY_FD", _sized((0, 8, 1))),
)

MULTIPLEXERS = (
    Multiplexer(321, "bpf", Choice(0), rows_of(321, "bpf", (command("cmd"),), COMMANDS, (unsigned("size"),))),
)
