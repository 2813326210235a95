"""A folder of a user's cache: what is worth keeping between runs, and never needed.

What cannot be read or written is as if it were not there.  Who gets an entry has to be able to tell a good one.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TEMPORARY = ".new-"
_ABANDONED_AFTER = 3600.0
"""Seconds after which an unfinished entry is taken to be left over from a killed recorder."""
ENTRY_OVERHEAD = 4096
"""Bytes of disk that an entry takes beside its own, about."""


def user_cache(name: str) -> Path:
    """Redrive's folder of a name where the XDG base directory specification puts a user's caches."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()
    return base / "redrive" / name


class _Entry(NamedTuple):
    used: float
    size: int
    path: Path


class CacheFolder:
    """Files named for digests: ``folder``/ab/cdef...  At most ``limit`` bytes of disk after a trim().

    No method raises OSError.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._writable = True
        self._grown = False

    def get(self, digest: bytes) -> bytes | None:
        """What was put, or None."""
        path = self._path(digest)
        try:
            with open(path, "rb", opener=_open_regular) as file:
                data = file.read()
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def put(self, digest: bytes, data: bytes) -> None:
        """Keeps an entry.  Other processes see all of it or nothing."""
        if not self._writable or len(data) > self._limit:
            return
        path = self._path(digest)
        temporary = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.parent / f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}"
            with open(temporary, "xb", opener=_open_private) as file:
                file.write(data)
            temporary.replace(path)
            self._grown = True
        except OSError:
            self._writable = False
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()

    def remove(self, digest: bytes) -> None:
        """Takes an entry away that cannot be trusted."""
        with suppress(OSError):
            self._path(digest).unlink()

    def trim(self) -> None:
        """Removes the entries longest unused until the folder keeps its limit, if this object has put any."""
        if not self._grown:
            return
        self._grown = False
        entries = sorted(self._entries(), reverse=True)
        kept = 0
        for entry in entries:
            kept += entry.size
            if kept > self._limit:
                with suppress(OSError):
                    entry.path.unlink()

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / name[2:]

    def _entries(self) -> Iterator[_Entry]:
        abandoned = time.time() - _ABANDONED_AFTER
        for path in self._folder.glob("??/*"):
            try:
                status = path.stat(follow_symlinks=False)
                if path.name.startswith(_TEMPORARY):
                    if status.st_mtime < abandoned:
                        path.unlink()
                    continue
            except OSError:
                continue
            yield _Entry(status.st_mtime, status.st_size + ENTRY_OVERHEAD, path)


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
