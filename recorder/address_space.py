"""What a syscall did to the address space, as effects that replay can do again without knowing the syscall."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from redrive.formats.events import Advise, Effect, Map, Protect, Remap, Unmap
from redrive.tracee import mappings as maps
from redrive.tracee import proc_file
from redrive.tracee.mappings import page_ceiling, page_floor, read_mappings
from redrive.tracee.task_stat import stat_fields

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import OpenCall, Task

KEPT_FLAGS = (
    maps.MAP_SHARED | maps.MAP_PRIVATE | maps.MAP_ANONYMOUS | maps.MAP_GROWSDOWN | maps.MAP_NORESERVE | maps.MAP_STACK
)
_PROTECTION = maps.PROT_READ | maps.PROT_WRITE | maps.PROT_EXEC
_PROT_GROWSDOWN = 0x0100_0000
"""The change reaches down to the start of the mapping: mprotect(2)."""
_SHARED_VALIDATE = 0x03
_DROPPABLE = 0x08
_MAP_TYPE = 0x0F
_MAP_HUGETLB = 0x40000
_HUGE_SHIFT, _HUGE_MASK, _DEFAULT_HUGE_SHIFT = 26, 0x3F, 21
_MREMAP_FIXED, _MREMAP_DONTUNMAP = 2, 4
_SHM_RDONLY, _SHM_REMAP, _SHM_EXEC = 0o10000, 0o40000, 0o100000
# madvise(2)'s that change contents or what fork inherits: DONTNEED, REMOVE, DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK,
# DONTNEED_LOCKED.
_TELLING_ADVICE = frozenset({4, 9, 10, 11, 18, 19, 24})
_READ_IMPLIES_EXEC = 0x40_0000
_SYSV_DEVICE = -1
"""Stands for st_dev in the key of a SysV segment's image; its st_ino is the shmid."""


def _mmap(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    _, length, protection, flags, descriptor, offset = call.arguments
    length = page_ceiling(length)
    if flags & _MAP_HUGETLB:
        size = 1 << ((flags >> _HUGE_SHIFT & _HUGE_MASK) or _DEFAULT_HUGE_SHIFT)
        length = -(-length // size) * size
    if flags & _MAP_TYPE == _SHARED_VALIDATE:
        flags &= ~maps.MAP_PRIVATE
    if flags & _MAP_TYPE == _DROPPABLE:
        # Private memory, but where the kernel has dropped pages of it: a replay that then differs says so.
        flags |= maps.MAP_PRIVATE
    kept = flags & KEPT_FLAGS
    shared = bool(flags & maps.MAP_SHARED)
    if flags & maps.MAP_ANONYMOUS:
        task.space.shares_files |= shared
        return [Map(result, length, protection & 7, kept, None, "")]
    # A descriptor is an int; the register may hold anything in its upper half.
    descriptor &= 0x7FFF_FFFF
    image, effects, label = recording.images.of_descriptor(
        task.tracee, descriptor, offset, length, result, shared_writable=shared and bool(protection & maps.PROT_WRITE)
    )
    task.space.shares_files |= shared
    if image is None:
        kept |= maps.MAP_ANONYMOUS
    else:
        recording.image_mapped(task, image.number)
    if image is not None and shared:
        recording.outside_memory.mapped(task, descriptor, image.number, label, result, length)
    return [*effects, Map(result, length, protection & 7, kept, image, label)]


def _munmap(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    return [Unmap(call.arguments[0], page_ceiling(call.arguments[1]))]


def _mprotect(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    address, length = call.arguments[0], page_ceiling(call.arguments[1])
    if result < 0:
        # It failed half way: mprotect(2), ENOMEM.
        return _protections(read_mappings(task.tid), address, length)
    protection = call.arguments[2]
    if protection & _PROT_GROWSDOWN:
        mapping = maps.find_mapping(read_mappings(task.tid), address)
        start = mapping.start if mapping is not None else address
        address, length = start, address + length - start
    # PROT_SEM, which says nothing on x86, is left out.
    return [Protect(address, length, protection & _PROTECTION)] if length else []


def _protections(mappings: Sequence[maps.Mapping], address: int, length: int) -> list[Effect]:
    """What the protections in a range are now, in as many effects as they are."""
    parts = _mapped_parts(mappings, address, length)
    return [Protect(start, size, mapping.protection) for mapping, start, size in parts]


def _mapped_parts(
    mappings: Sequence[maps.Mapping], address: int, length: int
) -> Iterator[tuple[maps.Mapping, int, int]]:
    """(mapping, start, length in bytes) of what each mapping has of a range."""
    for mapping in mappings:
        start, end = max(mapping.start, address), min(mapping.end, address + length)
        if start < end:
            yield mapping, start, end - start


def _mremap(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    address, old, new, flags = call.arguments[:4]
    effects: list[Effect] = []
    # Only a mapping that grows shows more of its file.
    if new > old:
        mapping = maps.find_mapping(read_mappings(task.tid), result & 0xFFFF_FFFF_FFFF_FFFF)
        if mapping is not None and mapping.inode:
            recording.outside_memory.grown(task, mapping)
            effects = recording.images.grown(task.tracee, mapping)
    return [*effects, Remap(address, page_ceiling(old), result, page_ceiling(new), flags & _MREMAP_DONTUNMAP)]


def initial_brk(tid: int) -> int:
    """Where the program break starts: start_brk, field 47 of /proc/PID/stat (proc(5)).  0 where it is not shown."""
    return int(stat_fields(f"/proc/{tid}/stat")[47])


def implies_exec(tid: int) -> bool:
    """Whether what a task maps readable becomes executable (personality(2)).

    Before Linux 5.8 execve sets it for programs whose stack is executable, as those without a PT_GNU_STACK's are.
    """
    return bool(personality(tid) & _READ_IMPLIES_EXEC)


def personality(process: int | str) -> int:
    """The flags of personality(2) of a process, a pid or "self": /proc/PID/personality (proc(5))."""
    return int(proc_file.read_text(f"/proc/{process}/personality"), 16)


def personality_changed(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """A call of personality(2) has ended.  Threads have one each; where one does not imply it, looking does no harm."""
    task.space.implies_exec |= implies_exec(task.tid)


def _as_shown(task: Task, effects: list[Effect]) -> Iterator[Effect]:
    """With the protections that the kernel gave, which may be more than it was asked for."""
    shown = read_mappings(task.tid)
    for effect in effects:
        if isinstance(effect, Protect):
            yield from _protections(shown, effect.address, effect.length)
        elif isinstance(effect, Map) and (mapping := maps.find_mapping(shown, effect.address)) is not None:
            yield effect._replace(protection=mapping.protection)
        else:
            yield effect


def _brk(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    # brk(2)'s raw result is the break, unchanged when it failed.
    result &= 0xFFFF_FFFF_FFFF_FFFF
    old, task.space.brk = task.space.brk or result, result
    start, end = page_ceiling(old), page_ceiling(result)
    if end > start:
        flags = maps.MAP_PRIVATE | maps.MAP_ANONYMOUS
        return [Map(start, end - start, maps.PROT_READ | maps.PROT_WRITE, flags, None, "[heap]")]
    return [Unmap(end, start - end)] if end < start else []


def _madvise(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    address, length, advice = call.arguments[0], page_ceiling(call.arguments[1]), call.arguments[2] & 0xFFFF_FFFF
    if advice not in _TELLING_ADVICE:
        return []
    if result == 0:
        return [Advise(address, length, advice)] if length else []
    # ENOMEM: done for what is mapped in the range (madvise(2)).
    parts = _mapped_parts(read_mappings(task.tid), address, length)
    return [Advise(start, size, advice) for _, start, size in parts]


def _shmat(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    identifier, _, flags = call.arguments[:3]
    address = result & 0xFFFF_FFFF_FFFF_FFFF
    mapping = maps.find_mapping(read_mappings(task.tid), address)
    assert mapping is not None
    task.space.attachments[address] = mapping.length
    task.space.shares_files = True
    key = (_SYSV_DEVICE, mapping.inode or identifier)
    label = f"SysV segment {identifier & 0xFFFF_FFFF}"
    image, effects = recording.images.of_memory(task.tracee, key, label, mapping.length, address)
    protection = maps.PROT_READ | (0 if flags & _SHM_RDONLY else maps.PROT_WRITE)
    protection |= maps.PROT_EXEC if flags & _SHM_EXEC else 0
    return [*effects, Map(address, mapping.length, protection, maps.MAP_SHARED, image, label)]


def _shmdt(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    address = call.arguments[0]
    return [Unmap(address, task.space.attachments.pop(address, 0))]


_DERIVE: dict[str, Callable[[Recording, Task, OpenCall, int], list[Effect]]] = {
    "mmap": _mmap,
    "munmap": _munmap,
    "mprotect": _mprotect,
    "pkey_mprotect": _mprotect,
    "mremap": _mremap,
    "brk": _brk,
    "madvise": _madvise,
    "shmat": _shmat,
    "shmdt": _shmdt,
}
CHANGES_SPACE = frozenset(_DERIVE)
"""The calls that change what is mapped, or how."""
_PARTIAL_ON_ERROR = {"mprotect": -errno.ENOMEM, "pkey_mprotect": -errno.ENOMEM, "madvise": -errno.ENOMEM}
_ALWAYS = frozenset({"brk"})


def derive_effects(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    """The effects of a finished syscall; none for those that leave the address space alone."""
    name = call.syscall.name if call.syscall else ""
    derive = _DERIVE.get(name)
    if derive is None:
        return []
    failed = -4096 < result < 0
    if failed and name not in _ALWAYS and _PARTIAL_ON_ERROR.get(name) != result:
        return []
    effects = derive(recording, task, call, result)
    return list(_as_shown(task, effects)) if effects and task.space.implies_exec else effects


def mapped_device(recording: Recording, task: Task, call: OpenCall) -> str:
    """What a mmap(2) is about to share that is neither a file nor a device of zeros; empty for all other calls."""
    flags, descriptor = call.arguments[3:5]
    shares = flags & (maps.MAP_SHARED | maps.MAP_ANONYMOUS) == maps.MAP_SHARED
    if call.syscall is None or call.syscall.name != "mmap" or not shares:
        return ""
    return recording.images.named_device(task.tracee, descriptor & 0x7FFF_FFFF)


def _first_two(arguments: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(arguments[0], arguments[1])]


def _of_mmap(arguments: tuple[int, ...]) -> list[tuple[int, int]]:
    return _first_two(arguments) if arguments[3] & maps.MAP_FIXED else []


def _of_mremap(arguments: tuple[int, ...]) -> list[tuple[int, int]]:
    new = [(arguments[4], arguments[2])] if arguments[3] & _MREMAP_FIXED else []
    return _first_two(arguments) + new


def _of_shmat(arguments: tuple[int, ...]) -> list[tuple[int, int]]:
    # Without SHM_REMAP the kernel refuses what is in use.  How long the segment is only the kernel knows.
    return [(arguments[1], 1)] if arguments[2] & _SHM_REMAP else []


_NAMED_RANGES = {
    "mmap": _of_mmap,
    "munmap": _first_two,
    "mprotect": _first_two,
    "pkey_mprotect": _first_two,
    "mremap": _of_mremap,
    "madvise": _first_two,
    "shmat": _of_shmat,
}
"""The (address, length) ranges whose mappings a call changes, or replaces."""


def reaches_agent(call: OpenCall, start: int, length: int) -> bool:
    """Whether a mapping call names addresses that overlap [start, start + length)."""
    name = call.syscall.name if call.syscall else ""
    ranges = _NAMED_RANGES.get(name)
    if ranges is None:
        return False
    return any(page_floor(first) < start + length and start < first + size for first, size in ranges(call.arguments))
