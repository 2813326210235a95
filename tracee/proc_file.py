"""Files of /proc, read in as few syscalls as there can be: some are read at every execve, and some at every turn.

Python's own files take locks, which look at the clock, and that traps in a tracer (shared_traps).
"""

from __future__ import annotations

import os

_PIECE = 64 << 10


def read_bytes(path: str) -> bytes:
    """All of a file.  Raises OSError, where the task has gone for instance."""
    pieces = []
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while piece := os.read(descriptor, _PIECE):
            pieces.append(piece)
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def read_fields(path: str) -> dict[str, str]:
    """What is before and behind the first colon of each line, as in /proc/PID/status; without the blanks about it."""
    pairs = (line.partition(":") for line in read_text(path).split("\n"))
    return {name: value.strip() for name, _, value in pairs}


def read_text(path: str) -> str:
    """The same, as text; what is no UTF-8, in the name of a program for instance, is replaced."""
    return read_bytes(path).decode(errors="replace")
