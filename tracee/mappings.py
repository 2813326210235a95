"""The mappings of a process, from /proc/PID/maps (proc(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from redrive.tracee import proc_file

PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS = 0x01, 0x02, 0x10, 0x20
MAP_GROWSDOWN, MAP_NORESERVE, MAP_STACK = 0x100, 0x4000, 0x20000
PAGE = 4096
USER_END = 0x7FFF_FFFF_F000
"""TASK_SIZE of a 64-bit process with four-level page tables."""

_LINE = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)")
_SHARED_LINE = re.compile(rb"^\S+ ...s .*$", re.MULTILINE)


class Mapping(NamedTuple):
    """One line of /proc/PID/maps.  ``name`` is a path, "[stack]" and the like, or empty; ``device`` as in st_dev."""

    start: int
    end: int
    protection: int
    shared: bool
    offset: int
    device: int
    inode: int
    name: bytes

    @property
    def length(self) -> int:
        """In bytes."""
        return self.end - self.start


def page_floor(address: int) -> int:
    """The page's first address."""
    return address & ~(PAGE - 1)


def page_ceiling(address: int) -> int:
    """The next page's first address, or this one where it starts one."""
    return (address + PAGE - 1) & ~(PAGE - 1)


def _device(major: int, minor: int) -> int:
    # makedev of glibc: what st_dev holds.
    return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32


# They are read again and again, and few of them have changed.
@lru_cache(1 << 12)
def _parse(line: bytes) -> Mapping:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"cannot read a line of /proc/PID/maps: {line!r}")
    start, end, mode, offset, major, minor, inode, name = match.groups()
    protection = PROT_READ * (mode[:1] == b"r") | PROT_WRITE * (mode[1:2] == b"w") | PROT_EXEC * (mode[2:3] == b"x")
    device = _device(int(major, 16), int(minor, 16))
    return Mapping(
        int(start, 16), int(end, 16), protection, mode[3:4] == b"s", int(offset, 16), device, int(inode), name
    )


def read_mappings(tid: int) -> list[Mapping]:
    """A process's mappings by address, without the vsyscall page.  Raises OSError when the process is gone."""
    lines = proc_file.read_bytes(f"/proc/{tid}/maps").splitlines()
    return [mapping for mapping in map(_parse, lines) if mapping.name != b"[vsyscall]"]


def read_shared_mappings(tid: int) -> list[Mapping]:
    """As read_mappings, those that are MAP_SHARED; quicker, as most are not."""
    return [_parse(line) for line in _SHARED_LINE.findall(proc_file.read_bytes(f"/proc/{tid}/maps"))]


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """(start, end) ranges, which are in order, as few: those that touch or overlap are one."""
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def find_mapping(mappings: Sequence[Mapping], address: int) -> Mapping | None:
    """The mapping that holds an address."""
    return next((mapping for mapping in mappings if mapping.start <= address < mapping.end), None)
