"""Writing an archive: the recorder's thread encodes events and hands them over, another compresses and writes them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import deque
from pathlib import Path

from redrive.formats.background_writer import FRAME_SIZE, PIECE_SIZE, BackgroundWriter, Blob
from redrive.formats.blobs import BlobCache, blob_digest
from redrive.formats.codec import event_encoder
from redrive.formats.errors import ArchiveError, ArchiveExists
from redrive.formats.events import Event
from redrive.formats.frames import MAXIMUM_BLOB, FrameKind, encode_frame, encode_preamble
from redrive.formats.header import Header, encode_header
from redrive.formats.outcome import Outcome
from redrive.formats.writing_lock import lock_for_writing

PENDING_LIMIT = 32 << 20
"""Bytes handed over and not yet written, beyond which write() waits."""


class ArchiveWriter:
    """An archive being written; ``next_number`` is the number the next event will have.

    ``maximum_size`` is the most bytes that the file may have, None for as many as the system takes.  With ``discards``,
    an archive that is full, or cannot be written for another reason, is closed there, and what comes after is thrown
    away: ``failure`` says so, and nothing but the constructor raises.
    All methods are for one thread, that of the recorder.  The other thread starts with the first event or blob, so that
    a tracee may be forked before; it takes ``writer_affinity`` as its CPUs, and no signals.
    Raises ArchiveExists when there is a file at ``path``, ArchiveError (with errno) when the system refuses to write.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        *,
        blob_cache: BlobCache | None = None,
        writer_affinity: set[int] | None = None,
        maximum_size: int | None = None,
        discards: bool = False,
    ) -> None:
        self.path = path
        self.next_number = 0
        self._encode = event_encoder()
        self._pending: deque[bytes | Blob] = deque()
        self._append = self._pending.append
        self._produced = 0
        self._signal_at = 0
        self._blobs: set[bytes] = set()
        self._closed = False
        self._discards = discards
        self._thread: threading.Thread | None = None
        self._background = BackgroundWriter(
            _create(path), path, self._pending, blob_cache, writer_affinity, maximum_size
        )
        try:
            self._background.append(encode_preamble())
            self._background.append(encode_frame(FrameKind.HEADER, encode_header(header)))
        except ArchiveError:
            self._background.close_file()
            with contextlib.suppress(OSError):
                path.unlink()
            raise

    def write(self, event: Event) -> int:
        """Hands an event over and returns its number.

        Raises ArchiveError when an earlier event could not be written; the archive then holds what came before it.
        """
        encoded = self._encode(event)
        self._append(encoded)
        number = self.next_number
        self.next_number = number + 1
        self._produced += len(encoded)
        if self._produced > self._signal_at or self._background.idle:
            self._hand_over(len(encoded))
        return number

    def add_blob(self, data: bytes | memoryview) -> bytes:
        """Hands a blob over, before the event that names it; returns its digest.  A known one costs the hash alone."""
        if len(data) > MAXIMUM_BLOB:
            raise ArchiveError(f"a blob of {len(data)} bytes is larger than the {MAXIMUM_BLOB} bytes a blob may have")
        digest = blob_digest(data)
        if digest not in self._blobs:
            self._blobs.add(digest)
            self._append(Blob(digest, bytes(data)))
            self._produced += len(data)
            self._hand_over(len(data))
        return digest

    def has_blob(self, digest: bytes) -> bool:
        """Whether add_blob has had this one."""
        return digest in self._blobs

    @property
    def failure(self) -> ArchiveError | None:
        """Why the archive ends before what was handed over does, if that is known yet."""
        return self._background.failure

    @property
    def event_count(self) -> int:
        """How many events are in the file."""
        return self._background.event_count

    def close(self, outcome: Outcome) -> None:
        """Writes what is pending, the index and the trailer; the file is closed in any case.

        Raises ArchiveError when not all could be written; the trailer, where there is room for it, then says so.
        """
        if self._closed:
            return
        self._closed = True
        self._signal_at = -1
        if self._thread is not None:
            self._background.finish()
            self._thread.join()
        try:
            self._background.append_end(outcome)
        finally:
            self._background.close_file()
        if self._background.failure is not None and not self._discards:
            raise self._background.failure

    def _fail(self, failure: ArchiveError) -> None:
        """Nothing more can be written."""
        if not self._discards:
            raise failure
        self.close(Outcome(False, "", time.time(), None, {}))
        self._pending.clear()
        self._encode = lambda event: b""
        self._append = _throw_away

    def abandon(self) -> None:
        """Removes the file, closed or not: nothing of it is wanted.  The path is free again."""
        with contextlib.suppress(ArchiveError):
            self.close(Outcome(False, "", 0.0, None, {}))
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _hand_over(self, size: int) -> None:
        """Wakes the other thread, waits while it is far behind, and reports its failure."""
        background = self._background
        if self._closed and background.failure is not None and self._discards:
            return
        if self._closed:
            raise ArchiveError(f"{self.path} has been closed")
        if size > PIECE_SIZE:
            # A packer keeps the largest buffer it ever needed.
            self._encode = event_encoder()
        if self._thread is None and background.failure is None:
            self._thread = _start_without_signals(background)
        self._signal_at = self._produced + FRAME_SIZE
        background.wake(self._produced)
        background.wait_until_within(PENDING_LIMIT)
        if background.failure is not None:
            self._fail(background.failure)


def _throw_away(handed_over: bytes | Blob) -> None:
    pass


def _start_without_signals(background: BackgroundWriter) -> threading.Thread:
    """A thread inherits its maker's mask; a signal it took would not interrupt the recorder's wait.

    SIGSEGV stays open: a blocked one that an instruction raises kills at once, and a tracer may handle it.
    """
    thread = threading.Thread(target=background.run, name="archive-writer", daemon=True)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGSEGV})
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return thread


def _create(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise ArchiveExists(f"{path} exists already", errno=error.errno) from error
    except OSError as error:
        raise ArchiveError(f"{path} cannot be created: {error.strerror}", errno=error.errno) from error
    lock_for_writing(descriptor)
    return descriptor
