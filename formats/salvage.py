"""A walk through all of an archive that checks every byte and goes on behind what is damaged.

ArchiveReader stops at the first damage, as nothing behind a lost event can be replayed.  This walk is for those who
want to know what is whole: it finds the next frame by its sync marker, as docs/format.md's *Recovery* has it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeAlias

from redrive.formats.blobs import blob_digest
from redrive.formats.errors import ArchiveError, DamagedArchive, TruncatedArchive, in_file
from redrive.formats.event_frames import EventFrames
from redrive.formats.events import Event, ImageContent
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import FOOTER_SIZE, PREAMBLE_SIZE, SYNC, Footer, Frame, FrameFlag, FrameKind, decode_footer
from redrive.formats.header import Header, decode_header
from redrive.formats.index import ArchiveIndex, decode_index
from redrive.formats.outcome import Trailer, decode_trailer
from redrive.formats.stops import decode_stops


class Damage(NamedTuple):
    """A place that is not as a recorder wrote it.  ``what`` is a clause for people and names the offset too."""

    offset: int
    what: str


class NumberedEvent(NamedTuple):
    """A whole event, and its number in the recording."""

    number: int
    event: Event


class WholeBlob(NamedTuple):
    """A blob whose bytes have the digest that names it."""

    digest: bytes
    content: bytes


Found: TypeAlias = Damage | Header | NumberedEvent | WholeBlob | Trailer


class Salvage:
    """One walk; found() may be called once.

    While and after it, these say what it has met: ``frames`` whole frames, ``content_size`` bytes in them after
    decompression, ``lost_events`` that the archive once held as far as its whole frames tell, ``lost_blobs`` by the
    trailer, ``end`` the byte after the last whole frame or footer.  ``closed`` is True once the trailer and the footer
    are whole; else ``unfinished`` bytes at the end of the file are the beginning of what was never written to its end.

    Memory grows by 16 bytes for each EVENTS frame and by some hundred for each blob, whatever they hold.
    Raises ArchiveError when the file cannot be read or is no archive of a known version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = FrameFile(path)
        self.size = self._file.size
        self.frames = 0
        self.content_size = 0
        self.lost_events = 0
        self.lost_blobs = 0
        self.end = PREAMBLE_SIZE
        self.closed = False
        self.unfinished = 0
        self._damaged = False
        self._next_event = 0
        self._decoder = EventFrames()
        self._passing_over = False
        """Whether pieces of an event come whose first ones are lost."""
        self._index = ArchiveIndex()
        self._stated_index: tuple[int, ArchiveIndex] | None = None
        self._trailer: tuple[Frame, Trailer] | None = None

    def __enter__(self) -> Salvage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def found(self) -> Iterator[Found]:
        """What is whole, and where damage is, in the order of the file."""
        try:
            for one in self._walk():
                self._damaged = self._damaged or isinstance(one, Damage)
                yield one
        except ArchiveError as error:
            raise in_file(self.path, error) from error

    def _walk(self) -> Iterator[Found]:
        offset = PREAMBLE_SIZE
        if self.size == offset:
            yield Damage(offset, f"the file ends before its header, at offset {offset}")
        while offset < self.size and self._trailer is None:
            try:
                frame = self._file.frame(offset)
                if frame.end > self.size:
                    raise TruncatedArchive(f"the file ends inside the frame at offset {offset}")
            except ArchiveError as error:
                _raise_if_of_the_system(error)
                following = self._file.next_frame(offset + 1)
                if following is None and self._is_beginning(offset, error):
                    self.unfinished = self.size - offset
                    return
                yield Damage(offset, str(error))
                self._go_on_with(self._next_event)
                offset = following.offset if following is not None else self.size
                continue
            yield from self._read(frame)
            offset = frame.end
        if self._trailer is not None:
            yield from self._end_of(*self._trailer)

    def _is_beginning(self, offset: int, error: ArchiveError) -> bool:
        """Whether the rest of the file is as a killed recorder leaves it: the beginning of a frame.

        Without a header nothing can be read, so that one must be whole.
        """
        start = self._file.bytes_at(offset, len(SYNC))
        return isinstance(error, TruncatedArchive) and SYNC.startswith(start) and offset > PREAMBLE_SIZE

    def _read(self, frame: Frame) -> Iterator[Found]:
        """What the frame with this head holds."""
        expected = self._next_event
        try:
            if (frame.kind == FrameKind.HEADER) != (frame.offset == PREAMBLE_SIZE):
                raise DamagedArchive(f"the frame at offset {frame.offset} is not of the kind that may be there")
            if frame.kind == FrameKind.EVENTS:
                yield from self._events(frame, self._file.content(frame))
            else:
                if self._decoder.unfinished:
                    yield Damage(frame.offset, f"the frame at offset {frame.offset} cuts off an event in pieces")
                    self._go_on_with(expected)
                yield from self._other(frame)
        except ArchiveError as error:
            _raise_if_of_the_system(error)
            yield Damage(frame.offset, str(error))
            if frame.kind == FrameKind.EVENTS and frame.first_event >= expected:
                self._lose_events(frame)
            return
        self.frames += 1
        self.content_size += frame.content_size
        self.end = frame.end

    def _events(self, frame: Frame, content: bytes) -> Iterator[Found]:
        if frame.first_event < self._next_event:
            raise DamagedArchive(
                f"the frame at offset {frame.offset} begins with event {frame.first_event} "
                f"where event {self._next_event} should come"
            )
        if frame.first_event > self._next_event:
            yield from self._gap_before(frame)
        if self._passing_over:
            self._lose_events(frame)
            return
        if not self._decoder.unfinished:
            self._index.add_events(frame.first_event, frame.offset)
        for number, event in self._decoder.events(frame, content):
            self._check_stops(event, number, frame)
            self._next_event = number + 1
            yield from self._missing_blobs(event, number, frame)
            yield NumberedEvent(number, event)

    def _gap_before(self, frame: Frame) -> Iterator[Damage]:
        """What the numbers tell is lost; where damage came before, that was it."""
        first, last = self._next_event, frame.first_event - 1
        if not self._damaged:
            yield Damage(
                frame.offset, f"events {first} to {last} are missing before the frame at offset {frame.offset}"
            )
        self.lost_events += frame.first_event - first
        self._go_on_with(frame.first_event)

    def _lose_events(self, frame: Frame) -> None:
        """Those events of a frame that have not been given are lost, and pieces of the last one may follow."""
        behind = frame.first_event + frame.event_count
        self.lost_events += max(0, behind - max(self._next_event, frame.first_event))
        self._go_on_with(max(self._next_event, behind))
        self._passing_over = bool(frame.flags & FrameFlag.CONTINUES)

    def _go_on_with(self, event: int) -> None:
        self._next_event = event
        self._decoder = EventFrames(event)
        self._passing_over = False

    def _check_stops(self, event: Event, number: int, frame: Frame) -> None:
        try:
            collections.deque(decode_stops(getattr(event, "stops", b"")), maxlen=0)
        except DamagedArchive as error:
            raise DamagedArchive(f"in the frame at offset {frame.offset}, event {number}: {error}") from error

    def _missing_blobs(self, event: Event, number: int, frame: Frame) -> Iterator[Damage]:
        for digest in named_blobs(event):
            if digest not in self._index.blobs:
                what = f"event {number}, in the frame at offset {frame.offset}, needs the blob {digest.hex()}"
                yield Damage(frame.offset, f"{what}, which is not whole or not there before it")

    def _other(self, frame: Frame) -> Iterator[Found]:
        if frame.kind == FrameKind.HEADER:
            header = self._file.document(frame, decode_header)
            if header.format_version != self._file.format_version:
                raise DamagedArchive(f"the header at offset {frame.offset} is that of another format version")
            yield header
        elif frame.kind == FrameKind.BLOB:
            yield self._blob(frame, self._file.content(frame))
        elif frame.kind == FrameKind.INDEX:
            self._stated_index = frame.offset, self._file.document(frame, decode_index)
        elif frame.kind == FrameKind.TRAILER:
            trailer = self._file.document(frame, decode_trailer)
            self._trailer = frame, trailer
            yield trailer
        else:
            # Of a later version, and SKIPPABLE: what it holds is for others.
            self._file.check(frame)

    def _blob(self, frame: Frame, content: bytes) -> WholeBlob:
        digest = self._file.digest(frame)
        if blob_digest(content) != digest:
            raise DamagedArchive(f"the blob at offset {frame.offset} holds other bytes than its name says")
        if digest in self._index.blobs:
            raise DamagedArchive(f"the blob at offset {frame.offset} is in the archive before, too")
        self._index.add_blob(digest, frame.offset)
        return WholeBlob(digest, content)

    def _end_of(self, frame: Frame, trailer: Trailer) -> Iterator[Damage]:
        """What comes behind all events: the trailer's counts, the index, the footer."""
        stated, found = (trailer.event_count, trailer.blob_count), (self._next_event, len(self._index.blobs))
        if stated != found and not self._damaged:
            counts = f"{stated[0]} events and {stated[1]} blobs where the archive holds {found[0]} and {found[1]}"
            yield Damage(frame.offset, f"the trailer at offset {frame.offset} says {counts}")
        self.lost_events += max(0, stated[0] - found[0])
        self.lost_blobs = max(0, stated[1] - found[1])
        index_offset = 0
        if self._stated_index is not None:
            index_offset, index = self._stated_index
            if index != self._index and not self._damaged:
                yield Damage(index_offset, f"the index at offset {index_offset} does not say where things are")
        rest = self._file.bytes_at(frame.end, FOOTER_SIZE)
        footer = decode_footer(rest)
        if footer is None and frame.end + len(rest) == self.size and len(rest) < FOOTER_SIZE:
            self.unfinished = len(rest)
        elif footer is None or frame.end + FOOTER_SIZE != self.size:
            yield Damage(
                frame.end, f"the bytes at offset {frame.end}, behind the trailer, are not the archive's footer"
            )
        elif footer != Footer(index_offset, frame.offset) and not self._damaged:
            yield Damage(
                frame.end, f"the footer at offset {frame.end} points elsewhere than to the trailer and the index"
            )
        else:
            self.closed, self.end = True, self.size


def named_blobs(event: Event) -> Iterator[bytes]:
    """The digests of the blobs that an event cannot be replayed without."""
    for effect in getattr(event, "effects", ()):
        if isinstance(effect, ImageContent):
            yield from (extent.digest for extent in effect.extents)


def _raise_if_of_the_system(error: ArchiveError) -> None:
    """That the system refuses to read is no damage of the archive's, and would come again at each byte."""
    if error.errno is not None:
        raise error
