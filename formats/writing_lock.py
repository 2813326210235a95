"""Whether an archive is still being written: its writer holds a lock on it, which the kernel ends with the process.

A POSIX lock (fcntl_locking(2)), because that belongs to the process alone: a tracee that is forked while the file is
open does not keep it.  It also ends when the process closes any descriptor of the file, so a recorder opens it once.
"""

from __future__ import annotations

import contextlib
import fcntl
import struct

_FLOCK = struct.Struct("@hhqqi4x")
"""struct flock: l_type, l_whence, l_start, l_len, l_pid."""


def lock_for_writing(descriptor: int) -> None:
    """Says that this process writes the file.  Where the file system has no locks, nobody can know."""
    with contextlib.suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_being_written(descriptor: int) -> bool:
    """Whether another process holds the writer's lock; asking takes none."""
    question = _FLOCK.pack(fcntl.F_RDLCK, 0, 0, 0, 0)
    try:
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    except OSError:
        return False
    return bool(kind != fcntl.F_UNLCK)
