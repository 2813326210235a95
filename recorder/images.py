"""Images: the contents of files that are mapped, kept as blobs the first time a range of them is seen.

A file's bytes are read in chunks of a fixed grid, through the tracee's own descriptor (/proc/PID/fd), so that deleted
files, memfds and other mount namespaces need no path.  Where the file cannot be opened, the mapping itself is read.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Effect, Extent, Image, ImageContent, ImageSize, ImageWrite
from redrive.recorder.errors import RecordError
from redrive.tracee.file_hole import is_hole
from redrive.tracee.mappings import Mapping, joined, page_ceiling
from redrive.tracee.tracee import Tracee

CHUNK = 16 << 20
_PIECE = 1 << 20
"""Bytes of an ImageWrite at most."""
_FILE_CLOCK = 5
"""CLOCK_REALTIME_COARSE of linux/time.h, which stamps files, and which the vDSO tells without rdtsc (shared_traps)."""
_SETTLED = 2.0
"""Seconds a file must be left alone before its timestamps are trusted: they are no finer than a clock tick."""


@dataclass(slots=True)
class _File:
    """A file that is or was mapped.  ``chunks`` are the grid's positions whose bytes the trace has."""

    number: int
    label: str
    size: int = 0
    mapped: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of offsets in whole chunks that are or were mapped, whether or not the file reached so far then."""
    stored: set[int] = field(default_factory=set)
    """Chunks of which the trace has had bytes at some time: what is a hole in them now must be said."""
    fingerprint: tuple[int, int, int] = (0, 0, 0)
    trusted: bool = False
    chunks: set[int] = field(default_factory=set)
    volatile: bool = False
    """Mapped shared and writable, so that its timestamps say nothing."""


class ImageTable:
    """All images of one recording, by the identity of their file."""

    def __init__(self, writer: ArchiveWriter) -> None:
        self._writer = writer
        self._files: dict[tuple[int, int], _File] = {}
        self._writable: set[tuple[int, int]] = set()
        self._next = 1
        self.watched: set[int] = set()
        """The numbers of those whose file a descriptor may write to that is or was open: writes must be looked at."""

    def opened_for_writing(self, identity: tuple[int, int]) -> int | None:
        """A descriptor that can write to this file (st_dev, st_ino) has appeared; its image, if that is watched now."""
        self._writable.add(identity)
        file = self._files.get(identity)
        if file is None or file.number in self.watched:
            return None
        self.watched.add(file.number)
        return file.number

    def number_of(self, identity: tuple[int, int]) -> int | None:
        """The number of this file's image (st_dev, st_ino), if it is or was mapped."""
        file = self._files.get(identity)
        return None if file is None else file.number

    def of_descriptor(
        self, tracee: Tracee, descriptor: int, offset: int, length: int, address: int, *, shared_writable: bool
    ) -> tuple[Image | None, list[Effect], str]:
        """The image behind a fresh mapping of a descriptor, what the trace must learn about it first, and its path.

        None for a device of zeros.  Raises RecordError for any other device.
        """
        path = f"/proc/{tracee.tid}/fd/{descriptor}"
        status = os.stat(path)
        label = os.readlink(path)
        if not stat.S_ISREG(status.st_mode):
            if _is_zeros(status):
                return None, [], label
            raise RecordError(f"the program maps {label}, which is no regular file: that cannot be recorded")
        try:
            source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            source = -1
        return (*self._capture(tracee, source, status, label, offset, length, address, shared_writable), label)

    @staticmethod
    def named_device(tracee: Tracee, descriptor: int) -> str:
        """What is behind a descriptor that has no image, by its name; empty for files, and where there is none."""
        path = f"/proc/{tracee.tid}/fd/{descriptor}"
        try:
            status = os.stat(path)
            return "" if stat.S_ISREG(status.st_mode) or _is_zeros(status) else os.readlink(path)
        except OSError:
            return ""

    def of_program(self, tracee: Tracee, mapping: Mapping) -> tuple[Image, list[Effect]]:
        """The image of a file that execve mapped, and what the trace must learn about it first."""
        label = os.fsdecode(mapping.name)
        source = open_mapped(tracee.tid, mapping)
        if source < 0:
            key = (mapping.device, mapping.inode)
            file = self._files.get(key) or self._add(key, label)
            extents = self._from_memory(tracee, file, mapping.offset, mapping.length, mapping.start)
            file.size = max(file.size, mapping.offset + mapping.length)
            return Image(file.number, mapping.offset), [ImageContent(file.number, file.size, tuple(extents), label)]
        place = (mapping.offset, mapping.length, mapping.start)
        return self._capture(tracee, source, os.fstat(source), label, *place, False)

    def of_memory(
        self, tracee: Tracee, key: tuple[int, int], label: str, length: int, address: int
    ) -> tuple[Image, list[Effect]]:
        """An image that no file shows (a SysV segment): captured from the mapping when it is first seen."""
        file = self._files.get(key)
        if file is not None:
            return Image(file.number, 0), []
        file = self._add(key, label)
        extents = self._from_memory(tracee, file, 0, length, address)
        return Image(file.number, 0), [ImageContent(file.number, length, tuple(extents), label)]

    def _add(self, key: tuple[int, int], label: str) -> _File:
        file = self._files[key] = _File(self._next, label)
        self._next += 1
        return file

    def _capture(
        self,
        tracee: Tracee,
        source: int,
        status: os.stat_result,
        label: str,
        offset: int,
        length: int,
        address: int,
        shared_writable: bool,
    ) -> tuple[Image, list[Effect]]:
        key = (status.st_dev, status.st_ino)
        file = self._files.get(key) or self._add(key, label)
        fingerprint = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if fingerprint != file.fingerprint or not file.trusted or file.volatile:
            file.chunks.clear()
        effects: list[Effect] = []
        if file.size != status.st_size and file.fingerprint != (0, 0, 0):
            effects.append(ImageSize(file.number, status.st_size))
        # Taken before the bytes are read: a write meanwhile then shows as a change.
        file.size, file.fingerprint = status.st_size, fingerprint
        file.trusted = has_settled(status)
        try:
            extents = self._missing(tracee, source, file, offset, length, address)
        finally:
            if source >= 0:
                os.close(source)
        if extents or not effects:
            effects.append(ImageContent(file.number, status.st_size, tuple(extents), label))
        file.volatile |= shared_writable
        if key in self._writable:
            self.watched.add(file.number)
        return Image(file.number, offset), effects

    def _missing(
        self, tracee: Tracee, source: int, file: _File, offset: int, length: int, address: int
    ) -> list[Extent]:
        if source < 0:
            return self._from_memory(tracee, file, offset, length, address)
        chunks = _newly_mapped(file, offset, offset + length)
        return [extent for chunk in chunks for extent in self._read_chunk(source, file, chunk)]

    def _read_chunk(self, source: int, file: _File, chunk: int) -> Iterator[Extent]:
        start = chunk * CHUNK
        if chunk not in file.stored and is_hole(source, start, CHUNK):
            return
        data = os.pread(source, CHUNK, start)
        if data:
            file.stored.add(chunk)
            yield Extent(start, len(data), self._writer.add_blob(data))

    def _from_memory(self, tracee: Tracee, file: _File, offset: int, length: int, address: int) -> list[Extent]:
        found = []
        for position in range(0, length, CHUNK):
            data = tracee.read_available(address + position, min(CHUNK, length - position))
            if data.strip(b"\0"):
                found.append(Extent(offset + position, len(data), self._writer.add_blob(data)))
        return found

    def grown(self, tracee: Tracee, mapping: Mapping) -> list[Effect]:
        """What the trace must learn of the file behind a mapping that has grown: mremap(2)."""
        file = self._of_mapping(mapping)
        if file is None:
            return []
        end = mapping.offset + mapping.length
        extents: list[Extent] = []
        for chunk in _newly_mapped(file, mapping.offset, end):
            start = max(chunk * CHUNK, mapping.offset)
            length = min((chunk + 1) * CHUNK, end, file.size) - start
            found = self._from_memory(tracee, file, start, length, mapping.start + start - mapping.offset)
            if found:
                file.stored.add(chunk)
            extents += found
        return [ImageContent(file.number, file.size, tuple(extents), file.label)] if extents else []

    def _of_mapping(self, mapping: Mapping) -> _File | None:
        """By device and inode, or by the inode alone where one file has it: overlay filesystems show another st_dev."""
        exact = self._files.get((mapping.device, mapping.inode))
        if exact is not None or not mapping.inode:
            return exact
        alike = [file for (_, inode), file in self._files.items() if inode == mapping.inode]
        return alike[0] if len(alike) == 1 else None

    def changed(
        self, path: str, identity: tuple[int, int], offsets: range | None, *, truncated: bool = False
    ) -> list[Effect]:
        """What a write, truncation or the like did to the image of the file at ``path``; ``offsets`` None: anywhere.

        ``truncated``: even to the size that it had, that clears what is behind the end of its last page.
        """
        file = self._files.get(identity)
        if file is None:
            return []
        try:
            source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RecordError(f"the program changes {file.label} while it is mapped, and it cannot be read") from error
        try:
            return self._refresh(source, file, offsets, truncated)
        finally:
            os.close(source)

    def _refresh(self, source: int, file: _File, offsets: range | None, truncated: bool) -> list[Effect]:
        status = os.fstat(source)
        effects: list[Effect] = []
        if truncated or status.st_size != file.size:
            effects.append(ImageSize(file.number, status.st_size))
        file.size = status.st_size
        file.fingerprint = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        file.trusted = False
        if offsets is not None:
            return effects + list(self._read_range(source, file, offsets))
        chunks = sorted({chunk for start, end in file.mapped for chunk in _chunks(file, start, end)})
        extents = [extent for chunk in chunks for extent in self._read_chunk(source, file, chunk)]
        if extents:
            effects.append(ImageContent(file.number, status.st_size, tuple(extents), file.label))
        return effects

    def _read_range(self, source: int, file: _File, offsets: range) -> Iterator[Effect]:
        """The bytes at these offsets, as far as they are mapped."""
        for mapped_start, mapped_end in file.mapped:
            start, end = max(mapped_start, offsets.start), min(mapped_end, offsets.stop, file.size)
            for position in range(start, end, _PIECE):
                yield ImageWrite(file.number, position, os.pread(source, min(_PIECE, end - position), position))
            if start < end:
                file.stored.update(range(start // CHUNK, -(-end // CHUNK)))


def _newly_mapped(file: _File, start: int, end: int) -> list[int]:
    """Note that a range of offsets is mapped; the chunks of it whose bytes the trace is to get now."""
    missing = [chunk for chunk in _chunks(file, start, end) if chunk not in file.chunks]
    file.chunks.update(missing)
    # What lies in a chunk beside what is mapped is kept as well, and believed when more of it is mapped.
    whole_chunks = start // CHUNK * CHUNK, -(-end // CHUNK) * CHUNK
    file.mapped = joined(sorted([*file.mapped, whole_chunks]))
    return missing


def _chunks(file: _File, start: int, end: int) -> range:
    """The chunks that a range of offsets meets, as far as the file reaches."""
    return range(start // CHUNK, -(-min(end, page_ceiling(file.size)) // CHUNK))


def has_settled(status: os.stat_result) -> bool:
    """Whether the timestamps of a file would tell of a change from now on."""
    return time.clock_gettime(_FILE_CLOCK) - max(status.st_mtime, status.st_ctime) > _SETTLED


def _is_zeros(status: os.stat_result) -> bool:
    """Whether that is /dev/zero."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 5)


def open_mapped(tid: int, mapping: Mapping) -> int:
    """A descriptor for the file behind one of execve's mappings; -1 when there is no way to it.

    /proc/PID/exe is the program itself, even deleted; its interpreter is found by its path under /proc/PID/root.
    """
    for path in (f"/proc/{tid}/exe", f"/proc/{tid}/root{os.fsdecode(mapping.name)}"):
        try:
            source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        # Overlay filesystems show another st_dev than the mapping, so the inode has to do.
        if os.fstat(source).st_ino == mapping.inode:
            return source
        os.close(source)
    return -1
