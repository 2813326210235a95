"""Which memory tells a landmark from other visits of its instruction, and where its changes show first.

Witnesses are what replay compares; clues are the few words it looks at before all else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from redrive.formats.events import Clue, Writes
from redrive.recorder.changed_memory import Snapshot
from redrive.recorder.task import Task
from redrive.recorder.trail import Trail
from redrive.tracee import mappings as maps
from redrive.tracee import registers as regs
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_STACK_WINDOW = (-128, 640)
"""From the red zone to the frames of a few callers."""
_POINTER_WINDOW = (-16, 64)
"""Around what a register points at."""
_WORD_WINDOW = (-64, 64)
"""Around each word of memory that the code names: what lies beside it belongs to it, often."""
_DATA_AT_MOST = 1 << 14
"""Mappings of data up to so many bytes are kept whole: what counts the rounds of a loop may be far from its code."""
_PIECE = 64
"""Bytes that are kept as one witness."""
_WITNESSES_AT_MOST = 48 << 10
_CLUES_AT_MOST = 24
_NAMED_FIRST = 8
"""So many words that the code has named lately come before those that are known to have changed."""
_XSTATE_WORDS = range(32, 1 << 20, 8)
"""Offsets of the x87's and of vector registers in the XSAVE area: behind the control words."""
_HEADER = range(512, 576)


class Kept(NamedTuple):
    """What a landmark keeps of memory: the contents, and which of its words the code named or changed."""

    witnesses: Writes
    named: Sequence[int]
    changed: Sequence[int]


def keep(recording: Recording, task: Task, trail: Trail, mappings: Sequence[maps.Mapping]) -> Kept:
    """Gather the witnesses of where a stopped task is."""
    unsettled = list(_unsettled(recording, task, mappings))
    named = [word for word in reversed(trail.named) if _is_writable(mappings, word) and not _meets(unsettled, word, 8)]
    named = [address for address, data in task.tracee.gather([(word, 8) for word in named]) if len(data) == 8]
    changed = [word for word in _changed_words(recording, task, mappings) if not _meets(unsettled, word, 8)]
    extents = [(word, 8) for word in named]
    extents += [(start, end - start) for start, end in maps.joined((word, word + 8) for word in sorted(changed))]
    windows = _windows(task.tracee.registers, named, mappings)
    extents += [extent for extent in windows if not _meets(unsettled, *extent)]
    return Kept(tuple(_gathered(task, extents)), named, changed)


def clues(trail: Trail, registers: bytes, xstate: bytes, kept: Kept) -> Iterator[tuple[int, int]]:
    """What changed since the instruction was here before, or since the steps began: (Clue, where)."""
    words = dict.fromkeys([*kept.named[:_NAMED_FIRST], *kept.changed, *kept.named])
    before = trail.visits.get(regs.get(registers, "rip")) or next(iter(trail.visits.values()), registers)
    for name in regs.GENERAL:
        if regs.get(before, name) != regs.get(registers, name):
            yield Clue.REGISTER, regs.OFFSETS[name]
    if regs.get(before, "rsp") != regs.get(registers, "rsp"):
        yield Clue.REGISTER, regs.OFFSETS["rsp"]
    for word in islice(words, _CLUES_AT_MOST):
        yield Clue.MEMORY, word
    found = 0
    for offset in range(_XSTATE_WORDS.start, min(len(xstate), len(trail.xstate)) - 7, 8):
        if offset in _HEADER or found == _CLUES_AT_MOST or 416 <= offset < 512:
            continue
        if xstate[offset : offset + 8] != trail.xstate[offset : offset + 8]:
            found += 1
            yield Clue.VECTOR, offset


def _changed_words(recording: Recording, task: Task, mappings: Sequence[maps.Mapping]) -> Sequence[int]:
    """What the task has changed since its memory was looked at before."""
    before = task.snapshot
    now = task.snapshot = Snapshot(recording, task, mappings) if recording.scheduler.is_patient else None
    return before.changed_words(now) if before is not None and now is not None else ()


def _gathered(task: Task, extents: Sequence[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    room = _WITNESSES_AT_MOST
    for start in range(0, len(extents), 64):
        for address, data in task.tracee.gather(extents[start : start + 64]):
            room -= len(data)
            if room < 0:
                return
            yield address, data


def _windows(registers: bytes, named: Sequence[int], mappings: Sequence[maps.Mapping]) -> Iterator[tuple[int, int]]:
    """Writable memory about words the code names, the stack pointer, and what registers point at, in whole words."""
    wanted = [(word, _WORD_WINDOW) for word in named]
    wanted.append((regs.get(registers, "rsp") & ~7, _STACK_WINDOW))
    wanted += [(regs.get(registers, name) & ~7, _POINTER_WINDOW) for name in regs.GENERAL]
    done: set[int] = set()
    whole: dict[maps.Mapping, None] = {}
    for place, (before, behind) in wanted:
        mapping = maps.find_mapping(mappings, place)
        if mapping is None or mapping.protection & 3 != 3:
            continue
        if _is_data(mapping):
            whole[mapping] = None
        first, end = max(place + before, mapping.start), min(place + behind, mapping.end)
        # Windows overlap.  What may be lost with a piece, where its memory cannot be a witness, is small.
        for start in range(first, end, _PIECE):
            missing = [word for word in range(start, min(start + _PIECE, end), 8) if word not in done]
            if missing:
                done.update(missing)
                yield missing[0], missing[-1] + 8 - missing[0]
    whole.update({mapping: None for mapping in mappings if _is_data(mapping)})
    for mapping in whole:
        yield mapping.start, mapping.length


def _is_data(mapping: maps.Mapping) -> bool:
    """Whether it is small and writable, and neither code, a stack nor the heap."""
    return mapping.protection == 3 and mapping.length <= _DATA_AT_MOST and not mapping.name.startswith(b"[")


def _is_writable(mappings: Sequence[maps.Mapping], address: int) -> bool:
    mapping = maps.find_mapping(mappings, address)
    return mapping is not None and mapping.protection & 3 == 3


def _unsettled(recording: Recording, task: Task, mappings: Sequence[maps.Mapping]) -> Iterator[tuple[int, int]]:
    """Where the kernel may be writing for other tasks that are in a syscall: replay does that at the syscall's end."""
    shared = [mapping for mapping in mappings if mapping.shared and mapping.protection & maps.PROT_WRITE]
    if task.space.users == 1 and not shared:
        return
    for other in recording.tasks.values():
        if other is task or other.call is None or other.call.syscall is None:
            continue
        with suppress(MemoryFault, OSError):
            extents = other.call.syscall.outputs(other.call.arguments, 1 << 30, other.tracee)
            if other.space is task.space:
                yield from extents
            elif extents and shared:
                yield from _seen_in(shared, maps.read_shared_mappings(other.tid), extents)


def _seen_in(
    mappings: Sequence[maps.Mapping], others: Sequence[maps.Mapping], extents: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Where extents of another process's shared memory are in this one's."""
    for their, own in product(others, mappings):
        if (their.device, their.inode) != (own.device, own.inode):
            continue
        for address, length in extents:
            if their.start < address + length and address < their.end:
                yield address - their.start + their.offset - own.offset + own.start, length


def _meets(extents: Sequence[tuple[int, int]], address: int, length: int) -> bool:
    return any(start < address + length and address < start + size for start, size in extents)
