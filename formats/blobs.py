"""A user's cache of compressed blobs, so that recording the same binary twice compresses it once.

An entry is the blob's frame exactly as an archive holds it, in a file named for its digest:
$XDG_CACHE_HOME/redrive/blobs/ab/cdef...  The cache is never needed: what cannot be read, written or trusted is as
if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from redrive.formats.errors import ArchiveError
from redrive.formats.frames import DIGEST_SIZE, HEAD_SIZE, FrameKind, check_stored, decode_head

DEFAULT_LIMIT = 2 << 30
_TEMPORARY = ".new-"
_ABANDONED_AFTER = 3600.0
"""Seconds after which an unfinished entry is taken to be left over from a killed recorder."""


def default_cache_directory() -> Path:
    """Where the XDG base directory specification puts a user's caches."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()
    return base / "redrive" / "blobs"


def blob_digest(data: bytes | memoryview) -> bytes:
    """The SHA-256 digest that names a blob."""
    return hashlib.sha256(data).digest()


class _Entry(NamedTuple):
    used: float
    size: int
    path: Path


class BlobCache:
    """Blob frames in ``directory``, at most ``limit`` bytes of them after a trim().  No method raises."""

    def __init__(self, directory: Path, *, limit: int = DEFAULT_LIMIT) -> None:
        self._directory = directory
        self._limit = limit
        self._writable = True
        self._grown = False

    def get(self, digest: bytes) -> bytes | None:
        """The whole frame of a blob, its checksums verified, or None."""
        path = self._path(digest)
        try:
            with open(path, "rb", opener=_open_regular) as file:
                data = file.read()
        except OSError:
            return None
        if not _is_blob_frame(data, digest):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def put(self, digest: bytes, frame: bytes) -> None:
        """Keeps a blob's frame.  Other processes see all of it or nothing."""
        if not self._writable or len(frame) > self._limit:
            return
        path = self._path(digest)
        temporary = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.parent / f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}"
            with open(temporary, "xb", opener=_open_private) as file:
                file.write(frame)
            os.replace(temporary, path)
            self._grown = True
        except OSError:
            self._writable = False
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def trim(self) -> None:
        """Removes the entries longest unused until the cache keeps its limit, if this object has put any."""
        if not self._grown:
            return
        self._grown = False
        entries = sorted(self._entries(), reverse=True)
        kept = 0
        for entry in entries:
            kept += entry.size
            if kept > self._limit:
                with contextlib.suppress(OSError):
                    entry.path.unlink()

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._directory / name[:2] / name[2:]

    def _entries(self) -> Iterator[_Entry]:
        abandoned = time.time() - _ABANDONED_AFTER
        for path in self._directory.glob("??/*"):
            try:
                status = path.stat()
                if path.name.startswith(_TEMPORARY):
                    if status.st_mtime < abandoned:
                        path.unlink()
                    continue
            except OSError:
                continue
            yield _Entry(status.st_mtime, status.st_size, path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _open_regular(path: str, flags: int) -> int:
    """Opens a file of this user's own; a link or a FIFO that stands in the entry's place is refused."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(f"{path} is not a file of this user")
    return descriptor


def _is_blob_frame(data: bytes, digest: bytes) -> bool:
    try:
        frame = decode_head(data[:HEAD_SIZE], 0)
        stored = data[HEAD_SIZE:]
        check_stored(frame, stored)
    except ArchiveError:
        return False
    return frame.kind == FrameKind.BLOB and not frame.flags and stored[:DIGEST_SIZE] == digest
