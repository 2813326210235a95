"""Where archives live, how new ones are named, and which one is the latest.

The directory is $REDRIVE_TRACE_DIR, or redrive below the XDG data directory.  An archive in it is called
COMMAND-NUMBER.redrive; ``latest`` is a symbolic link to the one last finished, wherever that is.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from redrive.formats.errors import ArchiveError, ArchiveExists, NoSuchTrace
from redrive.formats.frames import MAGIC

SUFFIX = ".redrive"
LATEST = "latest"
_NAME_LENGTH = 64
Opened = TypeVar("Opened")


def default_trace_directory() -> Path:
    """$REDRIVE_TRACE_DIR, else the place that the XDG base directory specification gives to a user's data."""
    chosen = os.environ.get("REDRIVE_TRACE_DIR", "")
    if chosen:
        return Path(chosen).absolute()
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path("~/.local/share").expanduser()
    return base / "redrive"


class TraceDirectory:
    """The archives in one directory.  Raises ArchiveError where the system refuses, NoSuchTrace for unknown names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, command: bytes, open_new: Callable[[Path], Opened]) -> Opened:
        """What ``open_new`` makes of the first free name for a trace of this command.

        ``open_new`` must create its file exclusively and raise ArchiveExists when it is there, as ArchiveWriter does:
        so two recorders that start at the same time get two names.
        """
        self._make()
        stem = _stem(command)
        number = self._last_number(stem) + 1
        while True:
            try:
                return open_new(self.path / f"{stem}-{number}{SUFFIX}")
            except ArchiveExists:
                number += 1

    @contextlib.contextmanager
    def workspace(self, purpose: str) -> Iterator[Path]:
        """A directory inside this one for archives that may not stay; it is removed with all that is left in it."""
        import tempfile

        self._make()
        with tempfile.TemporaryDirectory(prefix=f".{purpose}-", dir=self.path, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def take_in(self, archive: Path, command: bytes) -> Path:
        """Moves an archive from a workspace of this directory to the first free name for a trace of this command."""

        def move(path: Path) -> Path:
            try:
                # A rename would overwrite, and some file systems have no links: the name is claimed first.
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                os.replace(archive, path)
            except FileExistsError as error:
                raise ArchiveExists(f"{path} exists already", errno=error.errno) from error
            except OSError as error:
                raise ArchiveError(f"{path} cannot be created: {error.strerror}", errno=error.errno) from error
            return path

        return self.create(command, move)

    def set_latest(self, archive: Path) -> None:
        """Makes ``latest`` name this archive, at one stroke for all who look."""
        target = archive.absolute()
        name = target.name if target.parent == self.path.absolute() else str(target)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The new link is made under a name of its own and moved: a link cannot be changed in place.
            link = self.path / f".latest-{os.getpid()}-{time.monotonic_ns()}"
            os.symlink(name, link)
            try:
                os.replace(link, self.path / LATEST)
            except OSError:
                os.unlink(link)
                raise
        except OSError as error:
            reason = f"{self.path / LATEST} cannot be set: {error.strerror}"
            raise ArchiveError(reason, errno=error.errno) from error

    def archives(self) -> list[Path]:
        """The archives in the directory, oldest first."""
        found: list[tuple[float, str]] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX):
                        # Another process may remove one while we look.
                        with contextlib.suppress(FileNotFoundError):
                            if entry.is_file(follow_symlinks=False):
                                found.append((entry.stat().st_mtime, entry.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = f"the trace directory {self.path} cannot be read: {error.strerror}"
            raise ArchiveError(reason, errno=error.errno) from error
        return [self.path / name for _, name in sorted(found)]

    def resolve(self, name: str | None) -> Path:
        """The archive a user means: a path, or a name in this directory with or without suffix.

        LATEST and None are the latest.
        """
        if name is None or name == LATEST:
            return self._latest()
        candidates = [Path(name)]
        if os.sep not in name:
            candidates += [self.path / name, self.path / (name + SUFFIX)]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        if Path(name).exists():
            raise NoSuchTrace(f"{name} is no regular file, and so no trace")
        raise NoSuchTrace(f"there is no trace {name}, neither as a path nor in {self.path}")

    def remove(self, name: str | None) -> Path:
        """Removes an archive and returns its path; ``latest`` then names the newest that is left in the directory.

        Raises NoSuchTrace for a file whose name does not end as an archive's, and whose bytes do not begin as one's.
        """
        path = self.resolve(name)
        if path.suffix != SUFFIX and not _begins_as_archive(path):
            raise NoSuchTrace(f"{path} is no trace, and was not removed")
        was_latest = self._is_latest(path)
        try:
            path.unlink()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be removed: {error.strerror}", errno=error.errno) from error
        if was_latest:
            left = self.archives()
            if left:
                self.set_latest(left[-1])
            else:
                with contextlib.suppress(FileNotFoundError):
                    (self.path / LATEST).unlink()
        return path

    def _make(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = f"the trace directory {self.path} cannot be made: {error.strerror}"
            raise ArchiveError(reason, errno=error.errno) from error

    def _latest(self) -> Path:
        link = self.path / LATEST
        try:
            target = self.path / os.readlink(link)
        except FileNotFoundError:
            raise NoSuchTrace(f"there is no latest trace in {self.path}: nothing has been recorded yet") from None
        except OSError as error:
            raise ArchiveError(f"{link} cannot be read: {error.strerror}", errno=error.errno) from error
        if not target.is_file():
            raise NoSuchTrace(f"the latest trace, {target}, is no longer there")
        return target

    def _is_latest(self, path: Path) -> bool:
        try:
            return os.path.samefile(path, self.path / LATEST)
        except OSError:
            return False

    def _last_number(self, stem: str) -> int:
        pattern = re.compile(re.escape(stem) + r"-(\d{1,15})" + re.escape(SUFFIX))
        try:
            matches = [pattern.fullmatch(name) for name in os.listdir(self.path)]
        except OSError as error:
            reason = f"the trace directory {self.path} cannot be read: {error.strerror}"
            raise ArchiveError(reason, errno=error.errno) from error
        return max((int(match[1]) for match in matches if match), default=0)


def _stem(command: bytes) -> str:
    """A command's last path component as a plain file name: letters, digits and ._+- stay, others become one dash."""
    name = os.path.basename(command.rstrip(b"/")).decode("ascii", "replace")
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).lstrip(".-")[:_NAME_LENGTH]
    return plain or "trace"


def _begins_as_archive(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}", errno=error.errno) from error
