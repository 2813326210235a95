"""Memory that recorded tasks share with processes outside the recording: looked for, said once, copied at syscalls.

What such a process writes is in the trace from the next recorded syscall's end on, which is right for those that wake
each other by syscalls.  A program that looks at the memory without one sees it earlier, and its replay diverges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, ImageWrite
from redrive.tracee import proc_file
from redrive.tracee.mappings import PAGE, PROT_WRITE, Mapping, find_mapping, read_mappings, read_shared_mappings
from redrive.tracee.monotonic import monotonic

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import Task

_COPIED_AT_MOST = 256 << 10
"""Bytes of one file: each syscall's end looks at all of them."""
_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
"""Seconds from one look for such processes, which reads the mappings of all, to the next: at first, and at most."""
_FILES_AT_MOST = 64
"""So many are watched; each is held open."""
_File = tuple[int, int]
"""Device and inode, as /proc/PID/maps shows them."""


@dataclass(slots=True)
class _Shared:
    """A file that recorded tasks have mapped shared."""

    number: int
    """The image's."""
    label: str
    descriptor: int
    """The recorder's own."""
    other: str = ""
    """The process that can write to it too, as the latest look found; empty for none."""
    pages: dict[int, bytes] = field(default_factory=dict)
    """By their offset, those that are mapped, as the trace has them."""
    is_too_large: bool = False
    """To be copied: ``pages`` are empty then."""
    said: set[bool] = field(default_factory=set)
    """Values of ``is_too_large`` with which it has been said who shares it."""

    @property
    def is_copied(self) -> bool:
        """Whether what has changed in it is written to the trace."""
        return bool(self.other) and not self.is_too_large

    def add(self, start: int, length: int) -> None:
        """A range of it has been mapped.  Raises OSError where it cannot be read."""
        if self.is_too_large or len(self.pages) * PAGE + length > _COPIED_AT_MOST:
            self.is_too_large = True
            self.pages.clear()
            return
        for offset in range(start, start + length, PAGE):
            if offset not in self.pages:
                self.pages[offset] = os.pread(self.descriptor, PAGE, offset)

    def changes(self) -> Iterator[ImageWrite]:
        """What differs from the trace."""
        with suppress(OSError):
            for offset, known in self.pages.items():
                present = os.pread(self.descriptor, PAGE, offset)
                if present != known:
                    self.pages[offset] = present
                    yield ImageWrite(self.number, offset, present)


class OutsideMemory:
    """All memory of one recording that others may write."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._files: dict[_File, _Shared] = {}
        self._pause = _PAUSE
        self._latest_look = -_LONGEST_PAUSE
        self._is_copying = False
        """Whether any of them is copied."""

    def mapped(self, task: Task, descriptor: int, number: int, label: str, address: int, length: int) -> None:
        """A task has mapped a file shared, as an image."""
        mapping = find_mapping(read_mappings(task.tid), address)
        if mapping is None:
            return
        file = (mapping.device, mapping.inode)
        # Those that cannot be read for want of permission are their owner's to write.
        with suppress(OSError):
            if file not in self._files:
                if len(self._files) == _FILES_AT_MOST:
                    self._look(task)
                if len(self._files) == _FILES_AT_MOST:
                    return
                own = os.open(f"/proc/{task.tid}/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
                self._files[file] = _Shared(number, label, own)
                self._pause = _PAUSE
            self._add(task, self._files[file], mapping.offset + address - mapping.start, length)

    def grown(self, task: Task, mapping: Mapping) -> None:
        """A mapping has been moved or has grown."""
        shared = self._files.get((mapping.device, mapping.inode)) if mapping.shared else None
        if shared is not None:
            with suppress(OSError):
                self._add(task, shared, mapping.offset, mapping.length)

    def _add(self, task: Task, shared: _Shared, start: int, length: int) -> None:
        shared.add(start, length)
        # It may have become too large while it was copied.
        self._say(task, shared)
        self._count()

    def _count(self) -> None:
        """To be called when any of them may have come to be copied, or be copied no more: each syscall's end asks."""
        self._is_copying = any(shared.is_copied for shared in self._files.values())

    def wants_to_see(self) -> bool:
        """Whether ``changes`` is to be asked at the end of a syscall."""
        return bool(self._files) and (self._is_copying or self._is_due())

    def changes(self, task: Task) -> Iterator[Effect]:
        """At a syscall's end: what is to be written to images, as others may have done."""
        if self._is_due():
            self._look(task)
        for shared in self._files.values():
            if shared.is_copied:
                yield from shared.changes()

    def _is_due(self) -> bool:
        return monotonic() >= self._latest_look + self._pause

    def _look(self, task: Task) -> None:
        ours, others = self._find_mapped()
        for file in [file for file in self._files if file not in ours]:
            os.close(self._files.pop(file).descriptor)
        for file, shared in self._files.items():
            shared.other = others.get(file, "")
            self._say(task, shared)
        self._count()
        self._latest_look = monotonic()
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _say(self, task: Task, shared: _Shared) -> None:
        if shared.other and shared.is_too_large not in shared.said:
            shared.said.add(shared.is_too_large)
            text = f"the program shares memory ({shared.label}) with {shared.other}, which is not recorded"
            if shared.is_too_large:
                self._recording.note(task, f"{text}, and is too large to be copied: a replay may go another way")
            else:
                self._recording.note(task, f"{text}; what that writes is copied at syscalls")

    def _find_mapped(self) -> tuple[set[_File], dict[_File, str]]:
        """Which files recorded tasks have mapped shared, and others can write to, those by the name of a process.

        Processes of other users do not show, but to root.
        """
        ours: set[_File] = set()
        others: dict[_File, str] = {}
        for entry in filter(str.isdecimal, os.listdir("/proc")):
            with suppress(OSError, ValueError):
                mappings = read_shared_mappings(int(entry))
                found = {(mapping.device, mapping.inode): mapping.protection & PROT_WRITE for mapping in mappings}
                if found.keys().isdisjoint(self._files):
                    continue
                status = proc_file.read_fields(f"/proc/{entry}/status")
                if status["TracerPid"] == str(os.getpid()):
                    ours |= found.keys()
                else:
                    name = f"process {entry} ({status['Name']})"
                    others |= {file: name for file, writes in found.items() if writes}
        return ours, others
