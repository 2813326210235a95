"""Syscalls that write to a file: by which descriptor, and where in the file their bytes are afterwards."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from redrive.recorder.descriptor_info import descriptor_info
from redrive.tracee.syscalls import MemoryFault
from redrive.tracee.tracee import Tracee

_VECTORS_AT_MOST = 1024
"""UIO_MAXIOV of linux/uio.h."""
_CURRENT_POSITION = 2**64 - 1
"""What pwritev2 takes for none of an offset's own: preadv2(2)."""


class Destination(NamedTuple):
    """Which arguments are the descriptor that is written to, and the offset there or a pointer to one.

    Where there is neither, or where the pointer is NULL, it is the file's position.
    """

    descriptor: int = 0
    offset: int | None = None
    pointer: int | None = None


WRITES = {
    "write": Destination(),
    "writev": Destination(),
    "pwrite64": Destination(offset=3),
    "pwritev": Destination(offset=3),
    "pwritev2": Destination(offset=3),
}
"""Those that write what is in memory."""
COPIES = {
    "sendfile": Destination(),
    "copy_file_range": Destination(2, pointer=3),
    "splice": Destination(2, pointer=3),
}
"""Those that write what another descriptor has."""
_DESTINATIONS = WRITES | COPIES


def destination(name: str, arguments: Sequence[int]) -> int:
    """The descriptor that a call of WRITES or COPIES writes to."""
    return arguments[_DESTINATIONS[name].descriptor] & 0xFFFF_FFFF


def names_offset(name: str, arguments: Sequence[int]) -> bool:
    """Whether a call of WRITES or COPIES says itself where in the file it writes, and not by a pointer."""
    offset = _DESTINATIONS[name].offset
    return offset is not None and arguments[offset] != _CURRENT_POSITION


def written_offset(tracee: Tracee, name: str, arguments: Sequence[int], result: int) -> int:
    """Where the ``result`` bytes are that a call of WRITES or COPIES has written; O_APPEND is left out of account.

    Raises OSError when the descriptor is closed, and MemoryFault.
    """
    _, offset, pointer = _DESTINATIONS[name]
    if offset is not None and names_offset(name, arguments):
        return arguments[offset]
    if pointer is not None and arguments[pointer]:
        return tracee.read_word(arguments[pointer]) - result
    return descriptor_info(tracee.tid, destination(name, arguments)).position - result


def pieces_of_vector(tracee: Tracee, address: int, count: int, length: int) -> Iterator[tuple[int, int]]:
    """(address, length) of the first ``length`` bytes of an array of struct iovec (readv(2)); none where it faults."""
    try:
        vector = tracee.read(address, 16 * min(count, _VECTORS_AT_MOST))
    except MemoryFault:
        return
    for base, size in struct.iter_unpack("<QQ", vector):
        part = min(size, length)
        if part:
            yield base, part
        length -= part
