"""What a task changes in its memory while it runs, which tells apart the times at which it comes to one instruction.

An interpreter's state may be many pointers away from its registers and its code.  So the memory is kept when a task is
stopped in running code, and what has changed when it is held some milliseconds later belongs to that point.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from redrive.tracee import proc_file
from redrive.tracee.mappings import PAGE, PROT_READ, PROT_WRITE, Mapping, find_mapping
from redrive.tracee.monotonic import monotonic, monotonic_ns

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import AddressSpace, Task

_LINE, _WORD = 64, 8
_KEPT_AT_MOST = 4 << 20
"""Bytes of memory, the smallest mappings first: to read and compare them takes two milliseconds."""
_STACK_AT_MOST, _STACK_WORDS_AT_MOST = 256 << 10, 1024
"""Bytes of the task's own stack, and words of it that have changed."""
_WORDS_AT_MOST, _PAGES_AT_MOST = 512, 64
_ANONYMOUS_SHARED = b"/dev/zero (deleted)"
"""In /proc/PID/maps, memory that only processes with a common ancestor can have: shmem_zero_setup of mm/shmem.c."""
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
        self._stack = _live_stack(task, mappings)

    def is_of_use(self, task: Task) -> bool:
        """Whether what the task will have changed since then may say much."""
        return self._space is task.space and monotonic() - self._taken <= _OLDEST

    def has_run_since(self, task: Task) -> bool:
        """Whether the task has run long enough to have changed something."""
        return _running_time(task.tid) - self._had_run >= _LEAST_RUN

    def changed_words(self, later: Snapshot) -> Sequence[int]:
        """Addresses of eight bytes each that are not as they were: what is mapped only since then was full of zeros."""
        if later._space is not self._space:
            return ()
        kept = [(start, before, later._memory.get(start, b"")) for start, before in self._memory.items()]
        new = [(start, bytes(len(now)), now) for start, now in later._memory.items() if start not in self._memory]
        words = _changed_words([*kept, *new])
        # The latest frames change in each round of a loop; what counts the rounds is in older ones.
        oldest = list(self._changed_in_stack(later))[-_STACK_WORDS_AT_MOST:]
        return [*islice(words, _WORDS_AT_MOST), *oldest]

    def _changed_in_stack(self, later: Snapshot) -> Iterator[int]:
        (start, before), (later_start, after) = self._stack, later._stack
        first = max(start, later_start)
        return _changed_words([(first, before[first - start :], after[first - later_start :])])


def _running_time(tid: int) -> int:
    """Nanoseconds on a CPU: its schedstat (Documentation/scheduler/sched-stats.rst); by the clock where that is 0."""
    try:
        running = int(proc_file.read_text(f"/proc/{tid}/task/{tid}/schedstat").split()[0])
    except (OSError, ValueError, IndexError):
        running = 0
    return running or monotonic_ns()


def _changed_words(memory: Iterable[tuple[int, bytes, bytes]]) -> Iterator[int]:
    """``memory`` are pieces as they were before and after, and their addresses, which are those of words."""
    pages = 0
    for start, before, after in memory:
        if before == after:
            continue
        for page in _differing(before, after, range(0, min(len(before), len(after)), PAGE)):
            for line in _differing(before, after, range(page, page + PAGE, _LINE)):
                for word in _differing(before, after, range(line, line + _LINE, _WORD)):
                    yield start + word
            pages += 1
            if pages == _PAGES_AT_MOST:
                return


def _differing(before: bytes, after: bytes, pieces: range) -> Iterator[int]:
    for offset in pieces:
        if before[offset : offset + pieces.step] != after[offset : offset + pieces.step]:
            yield offset


def _ranges(recording: Recording, task: Task, mappings: Sequence[Mapping]) -> Iterator[tuple[int, int]]:
    """What is kept, beside the stack: writable memory that nobody outside the recording can write."""
    tasks = (other for other in recording.tasks.values() if other.space is task.space)
    stacks = [int(other.tracee.stop.registers.rsp) for other in tasks]
    room = _KEPT_AT_MOST
    candidates = [mapping for mapping in mappings if _is_kept(mapping, stacks)]
    for mapping in sorted(candidates, key=lambda mapping: mapping.length):
        room -= mapping.length
        if room < 0:
            return
        yield mapping.start, mapping.length


def _live_stack(task: Task, mappings: Sequence[Mapping]) -> tuple[int, bytes]:
    """Where the part of the task's stack begins that is in use, in whole words, and what is in it.

    Not what is below: code that binds symbols leaves bytes there that depend on what the CPU has in use (XSAVEC).
    """
    pointer = int(task.tracee.stop.registers.rsp)
    mapping = find_mapping(mappings, pointer)
    if mapping is None or mapping.shared or mapping.protection != PROT_READ | PROT_WRITE:
        return 0, b""
    start = -(-pointer // _WORD) * _WORD
    return start, task.tracee.read_available(start, min(mapping.end - start, _STACK_AT_MOST))


def _is_kept(mapping: Mapping, stacks: Collection[int]) -> bool:
    if mapping.shared and mapping.name != _ANONYMOUS_SHARED:
        return False
    if mapping.protection != PROT_READ | PROT_WRITE or mapping.name.startswith(b"[stack"):
        return False
    return not any(mapping.start <= pointer < mapping.end for pointer in stacks)
