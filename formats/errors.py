"""What can be wrong with a trace."""

from __future__ import annotations


class ArchiveError(Exception):
    """A trace cannot be written or read; the message is one sentence for the user."""


class DamagedArchive(ArchiveError):
    """The archive's bytes are not what a recorder wrote."""


class UnsupportedArchive(ArchiveError):
    """The archive was written by a format version this Redrive does not know."""
