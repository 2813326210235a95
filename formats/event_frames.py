"""EVENTS frames, given in order, become events: numbers and counts are checked, pieces of one event are joined."""

from __future__ import annotations

from collections.abc import Iterator

from redrive.formats.codec import MAXIMUM_EVENT_SIZE, decode_events
from redrive.formats.errors import DamagedArchive
from redrive.formats.events import Event
from redrive.formats.frames import Frame, FrameFlag


class EventFrames:
    """Decodes one frame after the other; ``number`` is that of the event which comes next."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def unfinished(self) -> bool:
        """Whether there are pieces of an event whose last one has not come."""
        return bool(self._pieces)

    def events(self, frame: Frame, content: bytes) -> Iterator[tuple[int, Event]]:
        """(number, event) of those that end in this frame.

        Raises DamagedArchive with the frame's offset where it does not go on with ``number``, or its bytes are no
        events or not as many as it says; all events before have then been given.
        """
        self._size += len(content)
        if self._size > MAXIMUM_EVENT_SIZE:
            raise DamagedArchive(f"the event that goes on at offset {frame.offset} is larger than any may be")
        self._pieces.append(content)
        if frame.flags & FrameFlag.CONTINUES:
            return
        content = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        if frame.first_event != self.number:
            raise DamagedArchive(f"the frame at offset {frame.offset} does not begin with event {self.number}")
        end = frame.first_event + frame.event_count
        try:
            for event in decode_events(content, self.number):
                if self.number == end:
                    raise DamagedArchive(f"event {end} is more than it says it holds")
                yield self.number, event
                self.number += 1
        except DamagedArchive as error:
            raise DamagedArchive(f"in the frame at offset {frame.offset}, {error}") from error
        if self.number != end:
            raise DamagedArchive(f"the frame at offset {frame.offset} holds fewer events than it says")
