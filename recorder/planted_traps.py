"""cpuid in a tracee on a CPU that cannot have it fault: an instruction that faults is written in its place.

Only where the instruction is certain to stand (tracee/cpuid_sites.py), and only in what execve and the program's own
loader map: what else maps code, valgrind for one, means to read it.  (musl's loader is its libc, by which the program
maps all else too.)  The trace has these bytes like others that a call wrote, so that a replay runs the same code.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from redrive.formats.cache_folder import CacheFolder
from redrive.formats.events import Effect, Map, Writes
from redrive.recorder.images import has_settled, open_mapped
from redrive.tracee import mappings as maps
from redrive.tracee import registers as regs
from redrive.tracee.cpu import CPUID_INSTRUCTION, PLANTED_CPUID
from redrive.tracee.cpuid_sites import Function, decode, find_functions
from redrive.tracee.initial_stack import AT_BASE, InitialStack
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.task import OpenCall, Task
    from redrive.tracee.mappings import Mapping

_OFFSET = struct.Struct("<Q")
_MOST_KEPT = 1 << 20
"""Bytes of what has been decoded."""
_LENGTH = len(CPUID_INSTRUCTION)
_REACH = 256
"""A site that is nearer than so many bytes to the one before is written in one piece with it."""


class PlantedTraps:
    """Plants them, if ``active``.  ``cache`` is a folder for what a decoder has found out."""

    def __init__(self, *, active: bool, cache: Path) -> None:
        self._active = active
        self._decoded = DecodedSites(cache)
        self._sites: dict[tuple[int, ...], tuple[int, ...]] = {}

    def program_started(self, task: Task, mappings: Sequence[Mapping], start: InitialStack) -> Writes:
        """In what execve has mapped.  Returns the bytes written: address, data."""
        if not self._active:
            return ()
        code = maps.find_mapping(mappings, regs.get(task.tracee.registers, "rip"))
        # A loader may also be started by itself, with the program as its argument.
        if code is not None and (start.auxiliary.get(AT_BASE, (0, 0))[1] or _is_named_as_loader(code)):
            task.space.loader = range(code.start, code.end)
        return tuple(self._plant_in_program(task, mappings))

    def _plant_in_program(self, task: Task, mappings: Sequence[Mapping]) -> Iterator[tuple[int, bytes]]:
        for mapping in mappings:
            if mapping.inode and mapping.protection & maps.PROT_EXEC:
                descriptor = open_mapped(task.tid, mapping)
                if descriptor >= 0:
                    yield from self._plant(task, descriptor, mapping.start, mapping.length, mapping.offset)

    def mapped(self, task: Task, call: OpenCall, effects: Iterable[Effect]) -> Writes:
        """In what a call has mapped that is about to end.  Returns the bytes written: address, data."""
        loader = task.space.loader
        if loader is None or regs.get(call.entry, "rip") not in loader:
            return ()
        return tuple(written for effect in effects for written in self._plant_in_library(task, call, effect))

    def _plant_in_library(self, task: Task, call: OpenCall, effect: Effect) -> Iterator[tuple[int, bytes]]:
        if not isinstance(effect, Map) or effect.image is None:
            return
        if effect.flags & maps.MAP_SHARED or not effect.protection & maps.PROT_EXEC:
            return
        with suppress(OSError):
            path = f"/proc/{task.tid}/fd/{call.arguments[4] & 0x7FFF_FFFF}"
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            yield from self._plant(task, descriptor, effect.address, effect.length, effect.image.offset)

    def _plant(
        self, task: Task, descriptor: int, address: int, length: int, offset: int
    ) -> Iterator[tuple[int, bytes]]:
        """In a mapping of ``length`` bytes of the descriptor's file from ``offset`` on; closes the descriptor."""
        try:
            sites = self._sites_in(descriptor)
        finally:
            os.close(descriptor)
        places = [address + site - offset for site in sites if offset <= site < offset + length]
        if places:
            task.space.planted = task.space.planted.and_more(places)
        for piece in _pieces(places):
            start = piece[0]
            written = _with_traps(task.tracee.read_available(start, piece[-1] + _LENGTH - start), piece)
            # The file may have been cut off since.
            with suppress(MemoryFault):
                if written:
                    task.tracee.write(start, written)
                    yield start, written

    def _sites_in(self, descriptor: int) -> tuple[int, ...]:
        status = os.fstat(descriptor)
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        sites = self._sites.get(key)
        if sites is None:
            functions = find_functions(descriptor)
            sites = self._decoded.get(functions) if functions else ()
            if has_settled(status):
                self._sites[key] = sites
        return sites


def _is_named_as_loader(mapping: Mapping) -> bool:
    """Whether a mapping is of a file that is called as glibc's and musl's loaders are, such as ld-linux-x86-64.so.2."""
    return mapping.name.rpartition(b"/")[2].startswith((b"ld-", b"ld.so"))


def _pieces(places: Iterable[int]) -> list[list[int]]:
    """Places, which are in order, by what is written in one piece."""
    pieces: list[list[int]] = []
    for place in places:
        if pieces and place - pieces[-1][-1] < _REACH:
            pieces[-1].append(place)
        else:
            pieces.append([place])
    return pieces


def _with_traps(code: bytes, places: Sequence[int]) -> bytes:
    """Code from the first of these places on with the traps in it, as far as the last; empty where there is none."""
    changed, end = bytearray(code), 0
    for place in (place - places[0] for place in places):
        if code[place : place + _LENGTH] == CPUID_INSTRUCTION:
            end = place + _LENGTH
            changed[place:end] = PLANTED_CPUID
    return bytes(changed[:end])


class DecodedSites:
    """A user's cache of where in some functions cpuid stands: loading the decoder takes as long as a short recording.

    An entry is named for the digest of the code and holds 64-bit offsets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = CacheFolder(folder, limit=_MOST_KEPT)

    def get(self, functions: Sequence[Function]) -> tuple[int, ...]:
        """The offsets in their file, as cpuid_sites.decode gives them."""
        code_digest = hashlib.sha256()
        for offset, code in functions:
            code_digest.update(_OFFSET.pack(offset) + _OFFSET.pack(len(code)) + code)
        digest = code_digest.digest()
        known = self._folder.get(digest)
        if known is not None and not len(known) % _OFFSET.size:
            return tuple(offset for (offset,) in _OFFSET.iter_unpack(known))
        found = decode(functions)
        self._folder.put(digest, b"".join(_OFFSET.pack(offset) for offset in found))
        self._folder.trim()
        return found
