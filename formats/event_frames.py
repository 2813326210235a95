"""EVENTS frames, given in order, become events: numbers and counts are checked, pieces of one event are joined."""

from __future__ import annotations

import os
from collections.abc import Iterator

from redrive.formats.codec import MAXIMUM_EVENT_SIZE, decode_events, decode_large_event
from redrive.formats.errors import DamagedArchive
from redrive.formats.events import Event
from redrive.formats.frames import Frame, FrameFlag

UNQUESTIONED_SIZE = (64 << 20) + (64 << 10)
"""Bytes of an event in pieces up to which nobody asks how it can be so large."""
MAXIMUM_RATIO = 100
"""A larger event must have one byte in the file for so many in memory, so that what a stranger sends costs memory in
proportion to its own size.  One read of that many zeros looks no different, hence the variable."""
LARGE_EVENTS = "REDRIVE_LARGE_EVENTS"


class EventFrames:
    """Decodes one frame after the other; ``number`` is that of the event which comes next."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self._pieces = 0
        """How many of an event in pieces have come."""
        self._joined = bytearray()
        self._stored_size = 0

    @property
    def unfinished(self) -> bool:
        """Whether there are pieces of an event whose last one has not come."""
        return self._pieces > 0

    def events(self, frame: Frame, content: bytes) -> Iterator[tuple[int, Event]]:
        """(number, event) of those that end in this frame.

        Raises DamagedArchive with the frame's offset where it does not go on with ``number``, or its bytes are no
        events or not as many as it says; all events before have then been given.
        """
        if self._pieces or frame.flags & FrameFlag.CONTINUES:
            yield from self._piece(frame, content)
            return
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

    def _piece(self, frame: Frame, content: bytes) -> Iterator[tuple[int, Event]]:
        self._pieces += 1
        try:
            self._joined += content
        except MemoryError as error:
            raise DamagedArchive(f"event {self.number}, at offset {frame.offset}, takes too much memory") from error
        self._stored_size += frame.stored_size
        self._check_size(frame)
        if frame.first_event != self.number or frame.event_count != (not frame.flags & FrameFlag.CONTINUES):
            raise DamagedArchive(f"the frame at offset {frame.offset} is not a piece of event {self.number}")
        if frame.flags & FrameFlag.CONTINUES:
            return
        del content
        try:
            whole = self._joined
            self._pieces, self._joined, self._stored_size = 0, bytearray(), 0
            event = decode_large_event(whole, self.number)
            del whole
        except MemoryError as error:
            raise DamagedArchive(
                f"event {self.number}, which ends at offset {frame.end}, takes too much memory"
            ) from error
        except DamagedArchive as error:
            raise DamagedArchive(f"in the frame at offset {frame.offset}, {error}") from error
        yield self.number, event
        self.number += 1

    def _check_size(self, frame: Frame) -> None:
        size = len(self._joined)
        if size > MAXIMUM_EVENT_SIZE:
            raise DamagedArchive(f"the event that goes on at offset {frame.offset} is larger than any may be")
        if size > UNQUESTIONED_SIZE and size > MAXIMUM_RATIO * self._stored_size and LARGE_EVENTS not in os.environ:
            raise DamagedArchive(
                f"the event that goes on at offset {frame.offset} takes more than {UNQUESTIONED_SIZE >> 20} MiB "
                f"of memory, from {self._stored_size} bytes; if you trust its maker, set {LARGE_EVENTS}=1"
            )
