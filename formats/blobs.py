"""A user's cache of compressed blobs, so that recording the same binary twice compresses it once.

An entry is the blob's frame exactly as an archive holds it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from redrive.formats.cache_folder import CacheFolder
from redrive.formats.errors import ArchiveError
from redrive.formats.frames import DIGEST_SIZE, HEAD_SIZE, FrameKind, check_stored, decode_head

DEFAULT_LIMIT = 2 << 30


def blob_digest(data: bytes | memoryview) -> bytes:
    """The SHA-256 digest that names a blob."""
    return hashlib.sha256(data).digest()


class BlobCache:
    """Blob frames in ``directory``, at most ``limit`` bytes of them after a trim().  No method raises."""

    def __init__(self, directory: Path, *, limit: int = DEFAULT_LIMIT) -> None:
        self._folder = CacheFolder(directory, limit=limit)

    def get(self, digest: bytes) -> bytes | None:
        """The whole frame of a blob, its checksums verified, or None."""
        data = self._folder.get(digest)
        if data is None or _is_blob_frame(data, digest):
            return data
        self._folder.remove(digest)
        return None

    def put(self, digest: bytes, frame: bytes) -> None:
        """Keeps a blob's frame.  Other processes see all of it or nothing."""
        self._folder.put(digest, frame)

    def trim(self) -> None:
        """Removes the entries longest unused until the cache keeps its limit, if this object has put any."""
        self._folder.trim()


def _is_blob_frame(data: bytes, digest: bytes) -> bool:
    try:
        frame = decode_head(data[:HEAD_SIZE], 0)
        stored = data[HEAD_SIZE:]
        check_stored(frame, stored)
    except ArchiveError:
        return False
    return frame.kind == FrameKind.BLOB and not frame.flags and stored[:DIGEST_SIZE] == digest
