"""Holes of files, which take no room and read as zeros."""

from __future__ import annotations

import errno
import os


def is_hole(descriptor: int, offset: int, length: int) -> bool:
    """Whether a range of bytes has no data, or is behind the file's end: lseek(2), SEEK_DATA.

    False where the filesystem cannot tell.  It moves the descriptor's position.
    """
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA) >= offset + length
    except OSError as error:
        return error.errno == errno.ENXIO
