"""Frames in an open archive file, read at any offset."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from redrive.formats.errors import ArchiveError, DamagedArchive, in_file
from redrive.formats.frames import (
    DIGEST_SIZE,
    FOOTER_SIZE,
    HEAD_SIZE,
    PREAMBLE_SIZE,
    SYNC,
    Footer,
    Frame,
    FrameKind,
    check_stored,
    decode_content,
    decode_footer,
    decode_head,
    decode_preamble,
)
from redrive.formats.writing_lock import is_being_written

_SEARCH_SIZE = 1 << 20
Document = TypeVar("Document")


class FrameFile:
    """A file of frames.  Reads what is asked for and keeps nothing; ``size`` is the file's size at the last measure().

    Raises ArchiveError when the system refuses, DamagedArchive and UnsupportedArchive for the bytes; the constructor's
    messages begin with the path.
    """

    def __init__(self, path: Path) -> None:
        try:
            # O_NONBLOCK: a FIFO of this name must not make us wait for a writer.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be opened: {error.strerror}", errno=error.errno) from error
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise ArchiveError(f"{path} is not a regular file")
            self.measure()
            self.format_version = decode_preamble(self.bytes_at(0, PREAMBLE_SIZE))
        except BaseException as error:
            os.close(self._descriptor)
            if isinstance(error, ArchiveError):
                raise in_file(path, error) from error
            raise

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def measure(self) -> None:
        """Looks at the file's size again: an archive that is still being written grows."""
        self.size = os.fstat(self._descriptor).st_size

    def is_being_written(self) -> bool:
        """Whether another process still writes this archive."""
        return is_being_written(self._descriptor)

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes: less only at the end of the file."""
        # More than a file can have is asked for only by a damaged one, and pread takes no such offset.
        if offset >= self.size:
            return b""
        size = min(size, self.size - offset)
        pieces: list[bytes] = []
        try:
            while size and (piece := os.pread(self._descriptor, size, offset)):
                pieces.append(piece)
                offset += len(piece)
                size -= len(piece)
        except OSError as error:
            raise ArchiveError(
                f"the archive cannot be read at {offset}: {error.strerror}", errno=error.errno
            ) from error
        return b"".join(pieces)

    def frame(self, offset: int) -> Frame:
        """The head of the frame at ``offset``."""
        return decode_head(self.bytes_at(offset, HEAD_SIZE), offset)

    def frame_of(self, kind: FrameKind, offset: int) -> Frame:
        """The head of the frame at ``offset``, which must be of this kind."""
        frame = self.frame(offset)
        if frame.kind != kind:
            raise DamagedArchive(f"the frame at offset {offset} is not {kind.name} but of kind {frame.kind}")
        return frame

    def content(self, frame: Frame) -> bytes:
        """What a frame holds, its checksum verified, decompressed."""
        return decode_content(frame, self._stored(frame))

    def document(self, frame: Frame, decode: Callable[[bytes], Document]) -> Document:
        """What ``decode`` makes of a frame's content; its DamagedArchive is raised with the frame's offset."""
        content = self.content(frame)
        try:
            return decode(content)
        except DamagedArchive as error:
            raise DamagedArchive(f"in the frame at offset {frame.offset}, {error}") from error

    def check(self, frame: Frame) -> None:
        """Verifies a frame's checksum."""
        check_stored(frame, self._stored(frame))

    def digest(self, frame: Frame) -> bytes:
        """The digest a BLOB frame says its content has."""
        digest = self.bytes_at(frame.stored_offset, min(DIGEST_SIZE, frame.stored_size))
        if len(digest) != DIGEST_SIZE:
            raise DamagedArchive(f"the frame at offset {frame.offset} is too short for a blob")
        return digest

    def footer(self) -> Footer | None:
        """The footer, or None when the file does not end with one."""
        if self.size < PREAMBLE_SIZE + FOOTER_SIZE:
            return None
        return decode_footer(self.bytes_at(self.size - FOOTER_SIZE, FOOTER_SIZE))

    def walk(self, offset: int, end: int) -> Iterator[Frame]:
        """The frames from ``offset`` to ``end`` or to the TRAILER, heads only, each within the file."""
        while offset < end:
            frame = self.frame(offset)
            if frame.end > self.size:
                check_stored(frame, b"")
            yield frame
            if frame.kind == FrameKind.TRAILER:
                return
            offset = frame.end

    def next_frame(self, offset: int) -> Frame | None:
        """The first whole frame at or after ``offset``, found by its sync marker; None when there is none."""
        while offset < self.size:
            # Each window is read once, however many markers a stranger has put into it.
            window = self.bytes_at(offset, _SEARCH_SIZE + HEAD_SIZE - 1)
            found = window.find(SYNC)
            while 0 <= found < _SEARCH_SIZE:
                frame = _head_or_none(window[found : found + HEAD_SIZE], offset + found)
                if frame is not None and frame.end <= self.size:
                    return frame
                found = window.find(SYNC, found + 1)
            offset += _SEARCH_SIZE
        return None

    def _stored(self, frame: Frame) -> bytes:
        return self.bytes_at(frame.stored_offset, frame.stored_size)


def _head_or_none(data: bytes, offset: int) -> Frame | None:
    try:
        return decode_head(data, offset)
    except ArchiveError:
        return None
