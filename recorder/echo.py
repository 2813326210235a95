"""What a program wrote to the recorder's own stdout and stderr, so that replay can show it again."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from redrive.formats.events import Echo
from redrive.recorder.descriptor_info import descriptor_info
from redrive.recorder.errors import RecordError
from redrive.recorder.transfers import pieces_of_vector
from redrive.tracee._native import ffi, lib
from redrive.tracee.tracee import Tracee

_BUFFER_CALLS = frozenset({"write", "pwrite64", "sendto"})
_VECTOR_CALLS = frozenset({"writev", "pwritev", "pwritev2", "vmsplice"})
COPY_CALLS = {"sendfile": (0, 1, 2), "copy_file_range": (2, 0, 1), "splice": (2, 0, 1), "tee": (1, 0, None)}
"""Name: which arguments are the destination's and the source's descriptors, and the pointer to the source's offset."""
ECHOING_CALLS = _BUFFER_CALLS | _VECTOR_CALLS | frozenset(COPY_CALLS)
"""The names of the syscalls that may write to stdout or stderr."""
_identity = ffi.new("uint64_t[2]")


def identity(tid: int, descriptor: int) -> tuple[int, int] | None:
    """(st_dev, st_ino) of the file behind a tracee's descriptor; None when there is none."""
    if descriptor >= 1 << 31 or lib.redrive_file_identity(tid, descriptor, _identity):
        return None
    return int(_identity[0]), int(_identity[1])


class EchoFinder:
    """Recognises writes to the files that were stdout and stderr when the recording began."""

    def __init__(self) -> None:
        self._streams: dict[tuple[int, int], int] = {}
        for descriptor in (2, 1):
            try:
                status = os.fstat(descriptor)
            except OSError:
                continue
            self._streams[status.st_dev, status.st_ino] = descriptor

    def find(self, tracee: Tracee, name: str, arguments: Sequence[int], result: int) -> Echo | None:
        """The echo of a finished syscall, if it wrote to one of the two."""
        if result <= 0:
            return None
        if name in COPY_CALLS:
            return self._copied(tracee, name, arguments, result)
        if name not in _BUFFER_CALLS and name not in _VECTOR_CALLS:
            return None
        stream = self._stream(tracee.tid, arguments[0])
        if not stream:
            return None
        if name in _BUFFER_CALLS:
            return Echo(stream, ((arguments[1], result),), b"")
        return Echo(stream, tuple(pieces_of_vector(tracee, arguments[1], arguments[2], result)), b"")

    def _stream(self, tid: int, descriptor: int) -> int:
        found = identity(tid, descriptor & 0xFFFF_FFFF)
        stream = self._streams.get(found, 0) if found else 0
        # A terminal, or 2>&1: the same file is both.
        return 2 if stream and descriptor & 0xFFFF_FFFF == 2 and self._is_both() else stream

    def _is_both(self) -> bool:
        return len(self._streams) == 1

    def cannot_follow(self, tracee: Tracee, name: str, arguments: Sequence[int]) -> bool:
        """Whether a call is about to move bytes to one of the two that nobody could see: from a pipe or a socket."""
        if name not in COPY_CALLS:
            return False
        destination, source, _ = COPY_CALLS[name]
        if not self._stream(tracee.tid, arguments[destination]):
            return False
        try:
            return not stat.S_ISREG(os.stat(f"/proc/{tracee.tid}/fd/{arguments[source] & 0xFFFF_FFFF}").st_mode)
        except OSError:
            return False

    def _copied(self, tracee: Tracee, name: str, arguments: Sequence[int], length: int) -> Echo | None:
        """The kernel moved bytes between files; they are read again from the source, just before its position now."""
        destination, source, offset = COPY_CALLS[name]
        stream = self._stream(tracee.tid, arguments[destination])
        if not stream:
            return None
        pointer = arguments[offset] if offset is not None else 0
        end = (
            tracee.read_word(pointer)
            if pointer
            else descriptor_info(tracee.tid, arguments[source] & 0xFFFF_FFFF).position
        )
        path = f"/proc/{tracee.tid}/fd/{arguments[source] & 0xFFFF_FFFF}"
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RecordError(f"what the program copied to its output cannot be read: {error.strerror}") from error
        try:
            return Echo(stream, (), os.pread(descriptor, length, end - length))
        finally:
            os.close(descriptor)
