"""What a task changes in its memory while it runs, which tells apart the times at which it comes to one instruction.

An interpreter's state may be many pointers away from its registers and its code.  So the memory is kept when a task is
stopped in running code, and what has changed when it is held some milliseconds later belongs to that point.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from redrive.tracee import proc_file
from redrive.tracee.mappings import PAGE, PROT_READ, PROT_WRITE, Mapping
from redrive.tracee.monotonic import monotonic, monotonic_ns

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import AddressSpace, Task

_LINE, _WORD = 64, 8
_KEPT_AT_MOST = 4 << 20
"""Bytes of memory, the smallest mappings first: to read and compare them takes two milliseconds."""
_WORDS_AT_MOST, _PAGES_AT_MOST = 512, 64
_OLDEST = 1.0
"""Seconds after which a snapshot is taken anew, as too much has changed since."""
_LEAST_RUN = 1_000_000
"""Nanoseconds of CPU time in which a task changes what it changes all the time."""


class Snapshot:
    """The memory of a task's address space at one time, or a part of it."""

    def __init__(self, recording: Recording, task: Task, mappings: Sequence[Mapping]) -> None:
        self._space: AddressSpace = task.space
        self._taken = monotonic()
        self._had_run = _running_time(task.tid)
        self._memory = {
            start: task.tracee.read_available(start, length) for start, length in _ranges(recording, task, mappings)
        }

    def is_of_use(self, task: Task) -> bool:
        """Whether what the task will have changed since then may say much."""
        return self._space is task.space and monotonic() - self._taken <= _OLDEST

    def has_run_since(self, task: Task) -> bool:
        """Whether the task has run long enough to have changed something."""
        return _running_time(task.tid) - self._had_run >= _LEAST_RUN

    def changed_words(self, later: Snapshot) -> Sequence[int]:
        """Addresses of eight bytes each that were mapped at both times, and are not as they were."""
        found: list[int] = []
        pages = 0
        if later._space is not self._space:
            return found
        for start, before in self._memory.items():
            after = later._memory.get(start, b"")
            if before == after:
                continue
            for page in _differing(before, after, range(0, min(len(before), len(after)), PAGE)):
                pages += 1
                for line in _differing(before, after, range(page, page + PAGE, _LINE)):
                    found += [start + word for word in _differing(before, after, range(line, line + _LINE, _WORD))]
                if pages == _PAGES_AT_MOST or len(found) >= _WORDS_AT_MOST:
                    return found[:_WORDS_AT_MOST]
        return found


def _running_time(tid: int) -> int:
    """Nanoseconds on a CPU: its schedstat (Documentation/scheduler/sched-stats.rst); by the clock where that is 0."""
    try:
        running = int(proc_file.read_text(f"/proc/{tid}/task/{tid}/schedstat").split()[0])
    except (OSError, ValueError, IndexError):
        running = 0
    return running or monotonic_ns()


def _differing(before: bytes, after: bytes, pieces: range) -> Iterator[int]:
    for offset in pieces:
        if before[offset : offset + pieces.step] != after[offset : offset + pieces.step]:
            yield offset


def _ranges(recording: Recording, task: Task, mappings: Sequence[Mapping]) -> Iterator[tuple[int, int]]:
    """What is kept: writable memory of the task's own.

    Not stacks, where code that binds symbols leaves bytes that depend on what the CPU happens to have in use (XSAVEC).
    """
    tasks = (other for other in recording.tasks.values() if other.space is task.space)
    stacks = [int(other.tracee.stop.registers.rsp) for other in tasks]
    room = _KEPT_AT_MOST
    candidates = [mapping for mapping in mappings if _is_kept(mapping, stacks)]
    for mapping in sorted(candidates, key=lambda mapping: mapping.length):
        room -= mapping.length
        if room < 0:
            return
        yield mapping.start, mapping.length


def _is_kept(mapping: Mapping, stacks: Collection[int]) -> bool:
    if mapping.shared or mapping.protection != PROT_READ | PROT_WRITE or mapping.name.startswith(b"[stack"):
        return False
    return not any(mapping.start <= pointer < mapping.end for pointer in stacks)
