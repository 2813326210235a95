"""Reading an archive: its header, its events in a stream, its blobs by digest.

Nothing of an archive is executed and no path that it names is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from redrive.formats.errors import ArchiveError, DamagedArchive, in_file
from redrive.formats.event_frames import EventFrames
from redrive.formats.events import Event
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import PREAMBLE_SIZE, Frame, FrameKind
from redrive.formats.header import Header, decode_header
from redrive.formats.index import survey
from redrive.formats.outcome import Completeness, Outcome


class ArchiveReader:
    """An open archive.

    ``outcome`` is None when the archive has no trailer, because its recorder was killed or could not write on;
    ``completeness`` then says where it ends and why.  Every error is an ArchiveError whose message begins with the
    path: DamagedArchive for bytes that no recorder wrote, UnsupportedArchive for another format version.
    """

    header: Header
    outcome: Outcome | None
    completeness: Completeness

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = FrameFile(path)
        try:
            first = self._file.frame_of(FrameKind.HEADER, PREAMBLE_SIZE)
            self.header = self._file.document(first, decode_header)
            self._start = first.end
            found = survey(self._file, self._start)
        except ArchiveError as error:
            self._file.close()
            raise in_file(self.path, error) from error
        self.outcome = found.outcome
        self.completeness = found.completeness
        self._index = found.index
        self._damage = found.damage

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def events(self, first: int = 0) -> Iterator[tuple[int, Event]]:
        """(number, event) of every event from ``first`` on, read as they are asked for.

        Ends at the last whole frame of an archive that was not closed.  Raises DamagedArchive, with the offset, where
        it meets bytes that are not as they were written; all events before them have then been given.
        """
        try:
            yield from self._events(first)
        except ArchiveError as error:
            raise in_file(self.path, error) from error

    def blob(self, digest: bytes) -> bytes:
        """The blob with this SHA-256 digest, verified.  Raises DamagedArchive when it is not there or is another."""
        try:
            content = self._file.content(self._blob_frame(digest))
            if hashlib.sha256(content).digest() != digest:
                raise DamagedArchive(f"the blob {digest.hex()} holds other bytes than its name says")
        except ArchiveError as error:
            raise in_file(self.path, error) from error
        return content

    def blobs(self) -> Iterator[bytes]:
        """The digests of all blobs, in the order in which they were written."""
        return iter(self._index.blobs)

    def _blob_frame(self, digest: bytes) -> Frame:
        offset = self._index.blobs.get(digest)
        if offset is None:
            raise DamagedArchive(f"the blob {digest.hex()} is not in the archive")
        frame = self._file.frame_of(FrameKind.BLOB, offset)
        if self._file.digest(frame) != digest:
            raise DamagedArchive(f"the blob at offset {offset} is not {digest.hex()}")
        return frame

    def _events(self, first: int) -> Iterator[tuple[int, Event]]:
        if first >= self.completeness.event_count and self._damage is None:
            return
        number, offset = self._index.seek(first) or (0, self._start)
        decoder = EventFrames(number)
        for frame in self._file.walk(offset, self.completeness.end_offset):
            if frame.kind != FrameKind.EVENTS:
                continue
            for number, event in decoder.events(frame, self._file.content(frame)):
                if number >= first:
                    yield number, event
        if self._damage is not None:
            raise self._damage
        if decoder.number != self.completeness.event_count:
            raise DamagedArchive(
                f"the archive holds {decoder.number} events up to offset {self.completeness.end_offset}, "
                f"where its trailer says {self.completeness.event_count}"
            )
