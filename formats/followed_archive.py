"""An archive that is read while it is being written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from redrive.formats.errors import ArchiveError, TruncatedArchive, in_file
from redrive.formats.event_frames import EventFrames
from redrive.formats.events import Event
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import PREAMBLE_SIZE, Frame, FrameKind
from redrive.formats.outcome import Outcome, decode_trailer


class FollowedArchive:
    """The events of an archive as they come; ``outcome`` is None until its trailer has been read.

    Errors are as those of ArchiveReader.
    """

    outcome: Outcome | None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcome = None
        self._file = FrameFile(path)

    def __enter__(self) -> FollowedArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def events(self, first: int, wait: Callable[[], None]) -> Iterator[tuple[int, Event]]:
        """(number, event) from ``first`` on; ``wait`` is called when all that is there has been given.

        Ends with the trailer, or when nobody writes the archive any more; a frame that is not whole then was never
        written to its end.
        """
        try:
            for number, event in self._events(wait):
                if number >= first:
                    yield number, event
        except ArchiveError as error:
            raise in_file(self.path, error) from error

    def _events(self, wait: Callable[[], None]) -> Iterator[tuple[int, Event]]:
        decoder = EventFrames()
        offset = PREAMBLE_SIZE
        while True:
            # Asked before looking: what a writer that is gone has written is all there.
            written = self._file.is_being_written()
            self._file.measure()
            while (frame := self._whole_frame(offset)) is not None:
                if frame.kind == FrameKind.EVENTS:
                    yield from decoder.events(frame, self._file.content(frame))
                elif frame.kind == FrameKind.TRAILER:
                    self.outcome = self._file.document(frame, decode_trailer).outcome
                    return
                offset = frame.end
            if not written:
                return
            wait()

    def _whole_frame(self, offset: int) -> Frame | None:
        try:
            frame = self._file.frame(offset)
        except TruncatedArchive:
            return None
        return frame if frame.end <= self._file.size else None
