"""Memory that recorded tasks share with processes outside the recording: looked for, said once, copied at syscalls.

What such a process writes is in the trace from the next recorded syscall's end on, which is right for those that wake
each other by syscalls.  A program that looks at the memory without one sees it earlier, and its replay diverges.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, ImageWrite
from redrive.tracee.mappings import PAGE, PROT_WRITE, Mapping, find_mapping, read_mappings

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import Task

_COPIED_AT_MOST = 16 << 20
"""Bytes, all such memory together: each syscall's end looks at all of them."""
_FIRST_PAUSE = 0.25
"""Seconds from one look for such processes, which reads the mappings of all, to the next; twice as many each time."""
_KEPT_AT_MOST = 32
"""So many files are held open before those that are no longer mapped are let go."""


@dataclass(slots=True)
class _Shared:
    """A range of a file that recorded tasks have mapped shared."""

    number: int
    """The image's."""
    file: tuple[int, int]
    """Device and inode, as /proc/PID/maps shows them."""
    label: str
    descriptor: int
    """The recorder's own."""
    start: int
    end: int
    is_copied: bool = False
    known: bytes = b""
    """The file's bytes as the trace has them."""


class OutsideMemory:
    """All memory of one recording that others may write."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._shared: list[_Shared] = []
        self._pause = _FIRST_PAUSE
        self._latest_look = -_FIRST_PAUSE
        self.is_watched = False
        """Whether there is shared memory at all, so that each syscall's end is to be seen."""

    def mapped(self, task: Task, descriptor: int, number: int, label: str, address: int, length: int) -> None:
        """A task has mapped a file shared, as an image."""
        mappings = read_mappings(task.tid)
        mapping = find_mapping(mappings, address)
        if mapping is None:
            return
        if len(self._shared) >= _KEPT_AT_MOST:
            self._let_go({(other.device, other.inode) for other in mappings})
        file = (mapping.device, mapping.inode)
        start, end = mapping.offset, mapping.offset + length
        known = next((shared for shared in self._shared if shared.file == file), None)
        if known is not None:
            known.start, known.end = min(known.start, start), max(known.end, end)
        else:
            with suppress(OSError):
                own = os.open(f"/proc/{task.tid}/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
                self._shared.append(_Shared(number, file, label, own, start, end))
        self.is_watched = bool(self._shared)
        self._pause = _FIRST_PAUSE

    def _let_go(self, mapped: set[tuple[int, int]]) -> None:
        """Forget files that a task has mapped no longer, and nobody was found to share."""
        for shared in [shared for shared in self._shared if shared.file not in mapped and not shared.is_copied]:
            os.close(shared.descriptor)
            self._shared.remove(shared)

    def changes(self, task: Task) -> Iterator[Effect]:
        """At a syscall's end: what is to be written to images, as others may have done."""
        if time.monotonic() >= self._latest_look + self._pause:
            self._look(task)
        for shared in self._shared:
            if shared.is_copied:
                yield from _changes(shared)

    def _look(self, task: Task) -> None:
        candidates = {shared.file: shared for shared in self._shared if not shared.is_copied}
        for pid, name, mapping in _sharers(set(candidates)):
            shared = candidates.pop((mapping.device, mapping.inode), None)
            if shared is not None:
                self._copy(task, shared, f"process {pid} ({name})")
        self._latest_look = time.monotonic()
        self._pause *= 2

    def _copy(self, task: Task, shared: _Shared, other: str) -> None:
        text = f"the program shares memory ({shared.label}) with {other}, which is not recorded"
        total = sum(other.end - other.start for other in self._shared if other is shared or other.is_copied)
        if total > _COPIED_AT_MOST:
            self._shared.remove(shared)
            os.close(shared.descriptor)
            self._recording.note(task, f"{text}; it is too much to copy what that writes: a replay may go another way")
            return
        shared.is_copied = True
        # All of it once, as it may have been written since it was mapped.
        shared.known = b""
        self._recording.note(task, f"{text}; what that writes was copied at each syscall")


def _changes(shared: _Shared) -> Iterator[ImageWrite]:
    try:
        present = os.pread(shared.descriptor, shared.end - shared.start, shared.start)
    except OSError:
        return
    if present == shared.known:
        return
    for position in range(0, len(present), PAGE):
        page = present[position : position + PAGE]
        if page != shared.known[position : position + PAGE]:
            yield ImageWrite(shared.number, shared.start + position, page)
    shared.known = present


def _sharers(files: set[tuple[int, int]]) -> Iterator[tuple[int, str, Mapping]]:
    """(pid, name, mapping) of processes that are no tracees of ours and can write to these files' memory.

    Those of other users do not show, but to root.
    """
    if not files:
        return
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        with suppress(OSError, ValueError):
            for mapping in read_mappings(int(entry)):
                if mapping.shared and mapping.protection & PROT_WRITE and (mapping.device, mapping.inode) in files:
                    status = Path(f"/proc/{entry}/status").read_text(errors="replace")
                    if f"\nTracerPid:\t{os.getpid()}\n" not in status:
                        yield int(entry), status.split("\n", 1)[0].partition("\t")[2], mapping
