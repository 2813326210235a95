"""All requests of ioctl(2), and what is done about those that are in no table."""

from __future__ import annotations

from collections.abc import Sequence
from errno import ENOTTY
from functools import lru_cache

from redrive.tracee.syscalls import (
    block_ioctls,
    device_ioctls,
    file_ioctls,
    network_ioctls,
    process_ioctls,
    shown,
    terminal_ioctls,
)
from redrive.tracee.syscalls.argument import command, descriptor, pointer, updated
from redrive.tracee.syscalls.ioctl_request import request_parts
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, rows_of
from redrive.tracee.syscalls.syscall import Syscall, row

_SHARED = (descriptor(), command("request"))
_DIRECTIONS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")

_GRAPHICS = ord("d")
"""Graphics processors write memory at any time; programs that find none draw by themselves."""

_POINTS_ELSEWHERE = frozenset(b"AFMSVkn|;\x1b\xa4\xae\xaf\xb3\xb6\xdd")
"""Letters whose structures often hold pointers: sound, framebuffers and NVIDIA, MTD, SEV, video, SPI, NILFS2, media,
VFIO, InfiniBand, TEE, KVM, vhost, MMC, FPGA, zfcp."""

_XFS = ord("X")
_XFS_HANDLES = range(100, 119)
"""XFS's requests with handles and bulk statistics hold pointers, too."""

REQUESTS = (
    *terminal_ioctls.REQUESTS,
    *file_ioctls.REQUESTS,
    *block_ioctls.REQUESTS,
    *network_ioctls.REQUESTS,
    *device_ioctls.REQUESTS,
    *process_ioctls.REQUESTS,
)


@lru_cache(maxsize=256)
def decoded(request: int) -> Syscall | None:
    """A row for a request that is in no table, from the direction and size in its number (ioctl(2)).

    None where that is not the whole truth: old requests carry no size, and some devices' structures hold pointers.
    """
    direction, length, letter, number = request_parts(request)
    name = f"_IOC({_DIRECTIONS[direction]}, {letter:#x}, {number:#x}, {length:#x})"
    if not direction or not length:
        return None
    if letter == _GRAPHICS:
        return row(16, "ioctl", *_SHARED, pointer("argp"), refusal=ENOTTY, command=name)
    if letter in _POINTS_ELSEWHERE or letter == _XFS and number in _XFS_HANDLES:
        return None
    # Some requests are declared _IOW although the kernel writes, so the direction is not believed.
    argument = updated("argp", length, shown.quoted, on_error=True)
    return row(16, "ioctl", *_SHARED, argument, blocks=True, command=name)


def _decoded(arguments: Sequence[int]) -> Syscall | None:
    return decoded(arguments[1] & 0xFFFFFFFF)


MULTIPLEXERS = (Multiplexer(16, "ioctl", Choice(1), rows_of(16, "ioctl", _SHARED, REQUESTS), _decoded),)
