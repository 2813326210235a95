"""Why a recording cannot begin or go on."""

from __future__ import annotations


class RecordError(Exception):
    """The message is one sentence for the user.  What was recorded until then is kept."""


class CannotStart(RecordError):
    """The program could not be started; ``status`` is the exit status a shell would give (126 or 127)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoFormat(CannotStart):
    """execve(2) said ENOEXEC: the file is of no format that the kernel knows, as a script without #! is."""
