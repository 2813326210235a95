"""Files without a name that a tracee can map and execute: memory by memfd_create(2), else unlinked files."""

from __future__ import annotations

import os

from redrive.replayer.errors import ReplayError

_FOLDERS = ("/dev/shm", "/tmp", "/var/tmp")


def create_anonymous_file(name: str) -> int:
    """A descriptor, open for reading and writing, of an empty file; ``name`` is for people who look at /proc.

    Raises ReplayError when there is no room, or nowhere that files may be executed from.
    """
    try:
        return os.memfd_create(f"redrive-{name}")
    except (OSError, AttributeError):
        # Linux before 3.17, or one that has been told to refuse executable ones (sysctl vm.memfd_noexec).
        return _create_unlinked()


def create_anonymous_program(name: str, content: bytes) -> int:
    """A descriptor of a file that can be executed, as nobody has it open for writing (execve(2))."""
    writable = create_anonymous_file(name)
    try:
        write_all(writable, content, 0)
        return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY)
    finally:
        os.close(writable)


def _create_unlinked() -> int:
    import tempfile

    for folder in (tempfile.gettempdir(), *_FOLDERS):
        try:
            if os.statvfs(folder).f_flag & os.ST_NOEXEC:
                continue
            descriptor, path = tempfile.mkstemp(prefix="redrive-", dir=folder)
        except OSError:
            continue
        os.unlink(path)
        os.fchmod(descriptor, 0o700)
        return descriptor
    raise ReplayError("a file to map cannot be created: every temporary folder is full, read-only or mounted noexec")


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all bytes at an offset.  Raises ReplayError when there is no room."""
    position = 0
    view = memoryview(data)
    try:
        while position < len(data):
            position += os.pwrite(descriptor, view[position:], offset + position)
    except OSError as error:
        raise ReplayError(f"the contents of a recorded file cannot be kept: {error.strerror}") from error
