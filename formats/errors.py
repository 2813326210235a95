"""What can be wrong with a trace."""

from __future__ import annotations

from pathlib import Path


class ArchiveError(Exception):
    """A trace cannot be written or read; the message is one sentence for the user.

    ``errno`` is the system's error number where the system refused something, else None.
    """

    def __init__(self, message: str, *, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class ArchiveExists(ArchiveError):
    """A file of this name is there already; archives are never overwritten."""


class NoSuchTrace(ArchiveError):
    """No archive goes by the name that was given, or there is none yet."""


class DamagedArchive(ArchiveError):
    """The archive's bytes are not what a recorder wrote."""


class TruncatedArchive(DamagedArchive):
    """The file ends inside a frame."""


class UnsupportedArchive(ArchiveError):
    """The archive was written by a format version this Redrive does not know."""


def in_file(path: Path, error: ArchiveError) -> ArchiveError:
    """The same error with the archive's path before its message, unless it is there already."""
    message = str(error) if str(error).startswith((f"{path} ", f"{path}: ")) else f"{path}: {error}"
    for kind in (TruncatedArchive, DamagedArchive, UnsupportedArchive):
        if isinstance(error, kind):
            return kind(message)
    return ArchiveError(message, errno=error.errno)
