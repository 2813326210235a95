"""The index of an archive: where its events and blobs are.  Written at the end, or rebuilt by a scan of the frames."""

from __future__ import annotations

import bisect
import dataclasses
from array import array
from typing import NamedTuple

from redrive.formats.codec import MAXIMUM_ITEMS, pack_document, unpack_document
from redrive.formats.errors import ArchiveError, DamagedArchive, TruncatedArchive, UnsupportedArchive
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import DIGEST_SIZE, Frame, FrameFlag, FrameKind
from redrive.formats.outcome import Completeness, Outcome, Trailer, decode_trailer
from redrive.formats.shapes import exactly, named_fields, sequence, unsigned


class ArchiveIndex:
    """The offsets of EVENTS frames by the number of their first event, and of BLOB frames by digest.

    Grows by 16 bytes for each EVENTS frame, whatever the number of events.
    """

    def __init__(self) -> None:
        self.blobs: dict[bytes, int] = {}
        self._first_events = array("Q")
        self._offsets = array("Q")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArchiveIndex):
            return NotImplemented
        return (self._first_events, self._offsets, self.blobs) == (other._first_events, other._offsets, other.blobs)

    __hash__ = None  # type: ignore[assignment]

    def add_events(self, first_event: int, offset: int) -> None:
        """Notes an EVENTS frame; for an event in pieces, the first of its frames."""
        self._first_events.append(first_event)
        self._offsets.append(offset)

    def add_blob(self, digest: bytes, offset: int) -> None:
        """Notes a BLOB frame."""
        self.blobs.setdefault(digest, offset)

    def cut_back(self, offset: int) -> None:
        """Forgets the frames at ``offset`` and behind it."""
        while self._offsets and self._offsets[-1] >= offset:
            self._offsets.pop()
            self._first_events.pop()
        self.blobs = {digest: place for digest, place in self.blobs.items() if place < offset}

    def seek(self, event: int) -> tuple[int, int] | None:
        """(number of its first event, offset) of the last EVENTS frame that begins at or before ``event``."""
        position = bisect.bisect_right(self._first_events, event) - 1
        return (self._first_events[position], self._offsets[position]) if position >= 0 else None

    def encode(self) -> bytes | None:
        """The content of the INDEX frame; None when it would be longer than a reader takes."""
        if max(len(self._offsets), len(self.blobs)) > MAXIMUM_ITEMS:
            return None
        return pack_document(
            {
                "first_events": list(self._first_events),
                "offsets": list(self._offsets),
                "digests": list(self.blobs),
                "blob_offsets": list(self.blobs.values()),
            }
        )


class _Columns(NamedTuple):
    first_events: tuple[int, ...]
    offsets: tuple[int, ...]
    digests: tuple[bytes, ...]
    blob_offsets: tuple[int, ...]


INDEX_SHAPES = {
    "first_events": sequence(unsigned),
    "offsets": sequence(unsigned),
    "digests": sequence(exactly(DIGEST_SIZE)),
    "blob_offsets": sequence(unsigned),
}
_columns = named_fields(_Columns, INDEX_SHAPES)


def decode_index(content: bytes) -> ArchiveIndex:
    """The index in an INDEX frame's content.  Raises DamagedArchive."""
    columns: _Columns = unpack_document(content, _columns, "index")
    if len(columns.first_events) != len(columns.offsets) or len(columns.digests) != len(columns.blob_offsets):
        raise DamagedArchive("the index has columns of different lengths")
    if any(one >= following for one, following in zip(columns.first_events, columns.first_events[1:], strict=False)):
        raise DamagedArchive("the index names events out of order")
    index = ArchiveIndex()
    for first_event, offset in zip(columns.first_events, columns.offsets, strict=True):
        index.add_events(first_event, offset)
    for digest, offset in zip(columns.digests, columns.blob_offsets, strict=True):
        index.add_blob(digest, offset)
    return index


@dataclasses.dataclass(frozen=True)
class Survey:
    """What an archive holds and how far it reaches.

    ``damage`` is what stands between ``completeness.end_offset`` and frames that follow it, if anything does.
    """

    index: ArchiveIndex
    outcome: Outcome | None
    completeness: Completeness
    damage: ArchiveError | None = None


def survey(file: FrameFile, start: int) -> Survey:
    """By the footer and the index where they can be read, else by a scan from the frame at ``start`` on."""
    footer = file.footer()
    if footer is not None and footer.index_offset:
        try:
            trailer_frame = file.frame_of(FrameKind.TRAILER, footer.trailer_offset)
            trailer = file.document(trailer_frame, decode_trailer)
            index = file.document(file.frame_of(FrameKind.INDEX, footer.index_offset), decode_index)
            return Survey(index, trailer.outcome, _closed(trailer, trailer_frame))
        except DamagedArchive:
            # The frames themselves say the same; the scan will find what is wrong with them.
            pass
    return _Scan(file, start).survey()


def _closed(trailer: Trailer, frame: Frame) -> Completeness:
    outcome = trailer.outcome
    reason = "The recording is complete." if outcome.complete else outcome.reason
    return Completeness(outcome.complete, trailer.event_count, frame.end, reason)


class _Scan:
    """One pass over the heads of all frames."""

    def __init__(self, file: FrameFile, start: int) -> None:
        self._file = file
        self._index = ArchiveIndex()
        self._event_count = 0
        self._end = start
        self._continued = False
        self._last: Frame | None = None
        self._trailer: Frame | None = None

    def survey(self) -> Survey:
        stop = self._walk()
        if self._trailer is not None:
            try:
                trailer = self._file.document(self._trailer, decode_trailer)
                return Survey(self._index, trailer.outcome, _closed(trailer, self._trailer))
            except DamagedArchive as error:
                self._end = self._trailer.offset
                return Survey(self._index, None, self._open(error))
        if stop is None or isinstance(stop, TruncatedArchive):
            return Survey(self._index, None, self._open(self._drop_torn_frame() or stop))
        inside = isinstance(stop, UnsupportedArchive) or self._file.next_frame(self._end) is not None
        return Survey(self._index, None, self._open(stop), stop if inside else None)

    def _walk(self) -> ArchiveError | None:
        """Notes every frame up to the end, or to what is no frame; returns what that was."""
        try:
            for frame in self._file.walk(self._end, self._file.size):
                self._note(frame)
        except ArchiveError as error:
            return error
        return None

    def _note(self, frame: Frame) -> None:
        if frame.kind == FrameKind.EVENTS:
            if frame.first_event != self._event_count:
                raise DamagedArchive(
                    f"the frame at offset {frame.offset} does not begin with event {self._event_count}"
                )
            if not self._continued:
                self._index.add_events(frame.first_event, frame.offset)
            self._continued = bool(frame.flags & FrameFlag.CONTINUES)
            self._event_count += frame.event_count
        elif frame.kind == FrameKind.BLOB:
            self._index.add_blob(self._file.digest(frame), frame.offset)
        elif frame.kind == FrameKind.TRAILER:
            self._trailer = frame
        self._last = frame
        self._end = frame.end

    def _drop_torn_frame(self) -> DamagedArchive | None:
        """A machine that lost its power may leave a last frame whose head reached the disk and whose bytes did not."""
        if self._last is None:
            return None
        try:
            self._file.check(self._last)
        except DamagedArchive as error:
            self._end = self._last.offset
            self._event_count -= self._last.event_count
            return error
        return None

    def _open(self, stop: ArchiveError | None) -> Completeness:
        why = str(stop) if stop is not None else "the file ends there, with no trailer"
        reason = (
            f"The recording was not closed: it holds {self._event_count} whole events up to byte {self._end}; {why}."
        )
        return Completeness(False, self._event_count, self._end, reason)
