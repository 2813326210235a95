"""What can go wrong with a tracee."""

from __future__ import annotations

import os


class TraceeError(Exception):
    """Something could not be done to a tracee; the message is one sentence for the user."""


class TraceeGone(TraceeError):
    """The task died (ESRCH): somebody killed it while it was stopped, or a thread of its ended the process."""


class SpawnFailed(TraceeError):
    """The program could not be started; ``errno`` says why, as execve(2) or the preparation before it reported it."""

    def __init__(self, path: str, errno: int) -> None:
        super().__init__(f"cannot run {path}: {os.strerror(errno)}")
        self.errno = errno
