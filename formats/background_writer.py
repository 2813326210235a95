"""The thread behind an archive being written: cuts frames, compresses them and appends them to the file.

A frame of events is cut at about 256 KiB or a quarter of a second after its first event, so a killed recorder loses at
most that.  Memory does not grow with the trace: what is not written yet is bounded, and so is what has been.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from pathlib import Path
from typing import NamedTuple

from redrive.formats.blobs import BlobCache
from redrive.formats.codec import MAXIMUM_EVENT_SIZE
from redrive.formats.errors import ArchiveError
from redrive.formats.frames import Footer, FrameFlag, FrameKind, encode_footer, encode_frame
from redrive.formats.index import ArchiveIndex
from redrive.formats.outcome import Outcome, Trailer, encode_trailer

FRAME_SIZE = 256 << 10
"""Bytes of encoded events after which a frame is cut."""
FRAME_SECONDS = 0.25
"""Seconds after its first event at which a frame is cut."""
PIECE_SIZE = 16 << 20
"""An event that is larger than this is cut into pieces of this size."""
_ROOM_FOR_END = 8 << 10
"""Bytes of a file of limited size that are kept for its trailer."""


class Blob(NamedTuple):
    """A blob on its way to the file."""

    digest: bytes
    data: bytes


class BackgroundWriter:
    """An archive's file, and what a thread of its own does with it: run().

    ``event_count`` is the number of events in the file, ``failure`` why there will be no more.
    ``idle`` tells the recorder's thread to call wake(): the other sleeps, or has failed.  The counts of bytes are each
    changed by one thread alone.
    """

    def __init__(
        self,
        descriptor: int,
        path: Path,
        pending: deque[bytes | Blob],
        blob_cache: BlobCache | None,
        affinity: set[int] | None,
        maximum_size: int | None,
    ) -> None:
        self.idle = True
        self.failure: ArchiveError | None = None
        self._descriptor = descriptor
        self._path = path
        self._pending = pending
        self._blob_cache = blob_cache
        self._affinity = affinity
        self._maximum_size = maximum_size
        self._room = None if maximum_size is None else maximum_size - _ROOM_FOR_END
        self._index = ArchiveIndex()
        self._offset = 0
        self.event_count = 0
        self._handed_over = 0
        self._written = 0
        self._finishing = False
        self._something = threading.Event()
        self._frame_full = threading.Event()
        self._progress = threading.Event()

    def wake(self, produced: int) -> None:
        """Called by the recorder's thread: so many bytes have been handed over."""
        self._handed_over = produced
        if produced - self._written > FRAME_SIZE:
            self._frame_full.set()
        if self.failure is None:
            self.idle = False
            self._something.set()

    def wait_until_within(self, limit: int) -> None:
        """Called by the recorder's thread: waits while more than ``limit`` bytes are not yet written."""
        while self._handed_over - self._written > limit and self.failure is None:
            self._progress.clear()
            if self._handed_over - self._written > limit and self.failure is None:
                self._progress.wait()

    def finish(self) -> None:
        """Called by the recorder's thread: nothing more will come."""
        self._finishing = True
        self._frame_full.set()
        self._something.set()

    def run(self) -> None:
        """The other thread, until finish() or a failure."""
        if self._affinity is not None:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, self._affinity)
        try:
            while self._wait_for_events():
                self._write_pending()
        except ArchiveError as error:
            self._fail(error)
        except Exception as error:  # Nobody else would hear of it, and the recorder would wait for ever.
            self._fail(ArchiveError(f"{self._path} cannot be written: {error!r}"))
        if self._blob_cache is not None:
            self._blob_cache.trim()

    def append(self, data: bytes) -> None:
        """Writes all of ``data`` at the end.  On failure the file is cut back to whole frames; raises ArchiveError."""
        if self._room is not None and self._offset + len(data) > self._room:
            raise ArchiveError(
                f"{self._path} has reached the {self._maximum_size} bytes it may have", errno=errno.EFBIG
            )
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self._cut_back(self._offset)
            reason = f"{self._path} cannot be written: {error.strerror}"
            raise ArchiveError(reason, errno=error.errno) from error
        self._offset += len(data)

    def append_end(self, outcome: Outcome) -> None:
        """Writes the index, the trailer and the footer.

        Behind a failure, which may be this one, the trailer says that the recording ends there: without an index where
        that is too much, and on a full disk in the place of the last frame of events.
        """
        self._room = self._maximum_size
        if self.failure is None:
            try:
                self._append_end(outcome, self._index.encode())
                return
            except ArchiveError as error:
                self.failure = error
        # Without the path, as archives are moved.
        reason = (outcome.reason or str(self.failure)).replace(str(self._path), "the archive", 1)
        outcome = outcome._replace(complete=False, reason=reason)
        with contextlib.suppress(ArchiveError):
            self._append_end(outcome, None)
            return
        self._drop_last_events()
        with contextlib.suppress(ArchiveError):
            self._append_end(outcome, None)

    def _append_end(self, outcome: Outcome, index: bytes | None) -> None:
        end = self._offset
        index_offset = 0
        try:
            if index is not None:
                index_offset = self._offset
                self.append(encode_frame(FrameKind.INDEX, index))
            trailer_offset = self._offset
            trailer = Trailer(self.event_count, len(self._index.blobs), outcome)
            self.append(encode_frame(FrameKind.TRAILER, encode_trailer(trailer)))
            self.append(encode_footer(Footer(index_offset, trailer_offset)))
        except ArchiveError:
            self._cut_back(end)
            raise

    def _drop_last_events(self) -> None:
        last = self._index.seek(self.event_count)
        if last is not None:
            self.event_count, offset = last
            self._index.cut_back(offset)
            self._cut_back(offset)

    def _cut_back(self, offset: int) -> None:
        """Takes away what is behind ``offset``; readers pass over what the system leaves there."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, offset)
            os.lseek(self._descriptor, offset, os.SEEK_SET)
        self._offset = offset

    def close_file(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _fail(self, error: ArchiveError) -> None:
        self.failure = error
        self.idle = True
        self._progress.set()

    def _wait_for_events(self) -> bool:
        """Sleeps until a frame is due; False when all is written and no more will come."""
        if not self._pending:
            self._something.clear()
            self.idle = True
            # An event handed over before this line is seen here; one after it finds us idle and wakes us.
            if not self._pending and not self._finishing:
                self._something.wait()
            self.idle = False
        self._frame_full.clear()
        if self._handed_over - self._written <= FRAME_SIZE and not self._finishing:
            self._frame_full.wait(FRAME_SECONDS)
        return bool(self._pending) or not self._finishing

    def _write_pending(self) -> None:
        """Writes a frame's worth of pending events, and the blobs among them before it."""
        encoded: list[bytes] = []
        size = 0
        while self._pending and size < FRAME_SIZE:
            item = self._pending.popleft()
            if isinstance(item, Blob):
                self._write_blob(item)
                self._report(len(item.data))
            elif len(item) > PIECE_SIZE:
                self._write_events(encoded)
                self._write_in_pieces(item)
                self._report(size + len(item))
                encoded, size = [], 0
            else:
                encoded.append(item)
                size += len(item)
        self._write_events(encoded)
        self._report(size)

    def _report(self, written: int) -> None:
        """So many bytes more have been written; the recorder's thread may be waiting for that."""
        self._written += written
        self._progress.set()

    def _write_events(self, encoded: list[bytes]) -> None:
        if not encoded:
            return
        frame = encode_frame(
            FrameKind.EVENTS, b"".join(encoded), first_event=self.event_count, event_count=len(encoded)
        )
        offset = self._offset
        self.append(frame)
        self._index.add_events(self.event_count, offset)
        self.event_count += len(encoded)

    def _write_in_pieces(self, encoded: bytes) -> None:
        """One event that is too large for a frame: the last of its frames counts it, the others go before."""
        if len(encoded) > MAXIMUM_EVENT_SIZE:
            raise ArchiveError(f"an event of {len(encoded)} bytes is larger than {self._path} can hold")
        offset = self._offset
        try:
            for position in range(0, len(encoded), PIECE_SIZE):
                last = position + PIECE_SIZE >= len(encoded)
                self.append(
                    encode_frame(
                        FrameKind.EVENTS,
                        encoded[position : position + PIECE_SIZE],
                        flags=FrameFlag(0) if last else FrameFlag.CONTINUES,
                        first_event=self.event_count,
                        event_count=1 if last else 0,
                    )
                )
        except ArchiveError:
            self._cut_back(offset)
            raise
        self._index.add_events(self.event_count, offset)
        self.event_count += 1

    def _write_blob(self, blob: Blob) -> None:
        frame = self._blob_cache.get(blob.digest) if self._blob_cache is not None else None
        if frame is None:
            frame = encode_frame(FrameKind.BLOB, blob.data, digest=blob.digest)
            if self._blob_cache is not None:
                self._blob_cache.put(blob.digest, frame)
        offset = self._offset
        self.append(frame)
        self._index.add_blob(blob.digest, offset)
