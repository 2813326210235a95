"""Standard descriptors that are closed must stay so for the program, and must not become those of our own files."""

from __future__ import annotations

import os


def hold_standard_descriptors() -> None:
    """Put a directory that can be neither read nor written (O_PATH) into the place of each one that is closed.

    Else the archive might get number 1, and be written to by whoever writes to stdout.  execve closes them again.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open("/", os.O_PATH | os.O_CLOEXEC)
