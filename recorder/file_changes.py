"""What a syscall changed of a file that is mapped, other than through the mapping: its image must follow."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.formats.events import Effect
from redrive.recorder import foreign_memory, transfers
from redrive.recorder.descriptor_info import descriptor_info
from redrive.recorder.echo import identity
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import OpenCall, Task

OPENS = {"open": 1, "openat": 2, "open_by_handle_at": 2, "creat": -1, "memfd_create": -1, "openat2": -1}
"""Name: the argument that holds open flags, -1 where the new descriptor may always be one that can be written to."""
_TRANSFERS = transfers.WRITES.keys() | transfers.COPIES.keys()
_REFLINKS = frozenset({"FICLONE", "FICLONERANGE"})
"""Commands of ioctl(2) on the file that is to share another one's blocks: ioctl_ficlonerange(2)."""
BY_DESCRIPTOR = _TRANSFERS | _REFLINKS | {"ftruncate", "fallocate"}
CALLS = BY_DESCRIPTOR | {"truncate"} | OPENS.keys()
_NOTHING = range(0)
"""The size at most, which an image follows by itself."""
_LONGEST_PATH = 4096
_NAMED_AT = frozenset({"openat", "openat2"})
_CURRENT_DIRECTORY = 0xFFFF_FF9C
"""AT_FDCWD."""
_EMPTIED_OR_ZEROED = 0x02 | 0x10
"""FALLOC_FL_PUNCH_HOLE and FALLOC_FL_ZERO_RANGE."""
_MOVED = 0x08 | 0x20
"""FALLOC_FL_COLLAPSE_RANGE and FALLOC_FL_INSERT_RANGE: fallocate(2)."""
_RWF_APPEND = 0x10
"""pwritev2(2)."""


def derive_effects(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    """The effects of a call of CALLS that has succeeded."""
    name, images = _kind(call), recording.images
    if name in OPENS:
        return _opened(recording, task, call, result)
    if name == "truncate":
        return _truncated(recording, task, call)
    descriptor = _destination(name, call.arguments)
    file = identity(task.tid, descriptor) if images.watched else None
    if file is None or images.number_of(file) is None:
        return []
    path = f"/proc/{task.tid}/fd/{descriptor}"
    offsets = _changed_range(task, name, call.arguments, descriptor, result)
    truncated = name == "ftruncate" or (name == "fallocate" and _clears_the_end(path, call.arguments))
    return images.changed(path, file, offsets, truncated=truncated)


def _kind(call: OpenCall) -> str:
    assert call.syscall is not None
    return call.syscall.command if call.syscall.command in _REFLINKS else call.syscall.name


def is_concerned(call: OpenCall) -> bool:
    """Whether a call is one of CALLS."""
    return _kind(call) in CALLS


def _clears_the_end(path: str, arguments: tuple[int, ...]) -> bool:
    """Whether a fallocate has emptied or zeroed the last page of a file beyond the file's end."""
    mode, start, length = arguments[1:4]
    return bool(mode & _EMPTIED_OR_ZEROED) and start <= os.stat(path).st_size < start + length


def watch_inherited(recording: Recording, tid: int) -> None:
    """Descriptors that the program starts with may be open for writing."""
    for descriptor in map(int, os.listdir(f"/proc/{tid}/fd")):
        file = identity(tid, descriptor)
        if file is not None and descriptor_info(tid, descriptor).flags & os.O_ACCMODE:
            recording.images.opened_for_writing(file)


def _opened(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    assert call.syscall is not None
    name, index = call.syscall.name, OPENS[call.syscall.name]
    recording.contents.files += 1
    flags = os.O_RDWR if index < 0 else call.arguments[index]
    if not flags & (os.O_ACCMODE | os.O_TRUNC):
        return []
    file = identity(task.tid, result)
    if file is None:
        return []
    number = recording.images.opened_for_writing(file)
    if number is not None:
        recording.file_may_change(task, number)
    if foreign_memory.is_proc(file) and not recording.memory_files:
        recording.memory_files = True
        recording.straight.leave_out(foreign_memory.CALLS)
    if not (flags & os.O_TRUNC or name in ("creat", "openat2")):
        return []
    return recording.images.changed(f"/proc/{task.tid}/fd/{result}", file, _NOTHING)


def _truncated(recording: Recording, task: Task, call: OpenCall) -> list[Effect]:
    path = _named(task, call)
    file = _identity_of(path)
    # Another task may have renamed it meanwhile; or it is a link that is absolute in another root.
    return [] if file is None else recording.images.changed(path, file, _NOTHING, truncated=True)


def about_to_change(recording: Recording, task: Task, call: OpenCall) -> int | None:
    """The number of the image whose file a call of CALLS is going to write to, or to make shorter, before it runs."""
    name, images = _kind(call), recording.images
    if name in BY_DESCRIPTOR:
        file = identity(task.tid, _destination(name, call.arguments)) if images.watched else None
        return None if file is None else images.number_of(file)
    file = _identity_of(_named(task, call)) if _cuts(task, call) else None
    return None if file is None else images.number_of(file)


def _cuts(task: Task, call: OpenCall) -> bool:
    """Whether a call names a file to be made shorter; open_by_handle_at names none."""
    assert call.syscall is not None
    name = call.syscall.name
    if name in ("open", "openat"):
        return bool(call.arguments[OPENS[name]] & os.O_TRUNC)
    if name == "openat2":
        # struct open_how begins with the flags: openat2(2).
        with suppress(MemoryFault):
            return bool(task.tracee.read_word(call.arguments[2]) & os.O_TRUNC)
    return name in ("creat", "truncate")


def _destination(name: str, arguments: tuple[int, ...]) -> int:
    """The descriptor that a call of BY_DESCRIPTOR writes to."""
    return transfers.destination(name, arguments) if name in _TRANSFERS else arguments[0] & 0xFFFF_FFFF


def _identity_of(path: str) -> tuple[int, int] | None:
    """(st_dev, st_ino) of the file at a path of the recorder's own; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _named(task: Task, call: OpenCall) -> str:
    """The recorder's own path to the file that a call names, relative to a descriptor or to the working directory."""
    assert call.syscall is not None
    at = call.syscall.name in _NAMED_AT
    directory, address = (
        (call.arguments[0] & 0xFFFF_FFFF, call.arguments[1]) if at else (_CURRENT_DIRECTORY, call.arguments[0])
    )
    name = os.fsdecode(task.tracee.read_available(address, _LONGEST_PATH).split(b"\0", 1)[0])
    if name.startswith("/proc/self/"):
        return f"/proc/{task.process.tgid}/{name.removeprefix('/proc/self/')}"
    if name.startswith("/"):
        return f"/proc/{task.tid}/root{name}"
    return f"/proc/{task.tid}/{'cwd' if directory == _CURRENT_DIRECTORY else f'fd/{directory}'}/{name}"


def _changed_range(task: Task, name: str, arguments: tuple[int, ...], descriptor: int, result: int) -> range | None:
    """The offsets whose bytes are others now; None when that may be anywhere."""
    if name == "ftruncate":
        return _NOTHING
    if name == "fallocate":
        mode, start, length = arguments[1:4]
        if mode & _MOVED:
            return None
        return range(start, start + length) if mode & _EMPTIED_OR_ZEROED else _NOTHING
    if name in _REFLINKS or (transfers.names_offset(name, arguments) and _appends(task, name, arguments, descriptor)):
        return None
    start = transfers.written_offset(task.tracee, name, arguments, result)
    return range(start, start + result)


def _appends(task: Task, name: str, arguments: tuple[int, ...], descriptor: int) -> bool:
    """Whether bytes go to the file's end although the call says where: pwrite(2), BUGS."""
    if name == "pwritev2" and arguments[5] & _RWF_APPEND:
        return True
    return bool(descriptor_info(task.tid, descriptor).flags & os.O_APPEND)
