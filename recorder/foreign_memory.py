"""Syscalls that write the memory of a recorded task from outside: process_vm_writev, and writes to /proc/PID/mem."""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, WriteTo
from redrive.recorder.descriptor_info import descriptor_info
from redrive.recorder.task import OpenCall, Task
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_MEMORY_FILE = re.compile(r"/proc/(?:\d+/task/)?(\d+)/mem")
_FILE_CALLS = frozenset({"write", "writev", "pwrite64", "pwritev", "pwritev2"})
_VECTORS = 1024
"""UIO_MAXIOV."""
CALLS = _FILE_CALLS | {"process_vm_writev"}
"""The names of the syscalls that may do so."""
_PROC_DEVICE = os.stat("/proc").st_dev


def is_proc(identity: tuple[int, int]) -> bool:
    """Whether a file (st_dev, st_ino) is one of /proc's."""
    return identity[0] == _PROC_DEVICE


def derive_effects(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    """What a finished syscall wrote to recorded tasks' memory that its own arguments do not point at."""
    assert call.syscall is not None
    name = call.syscall.name
    if name == "process_vm_writev":
        return _process_vm_writev(recording, task, call, result)
    if not recording.memory_files or name not in _FILE_CALLS:
        return []
    return _memory_file(recording, task, call, result)


def target_of(recording: Recording, task: Task, call: OpenCall) -> int:
    """The pid that a call of CALLS names as the one to write to, before it runs; 0 for none."""
    assert call.syscall is not None
    if call.syscall.name == "process_vm_writev":
        return call.arguments[0] & 0x7FFF_FFFF
    return _process_behind(task, call.arguments[0] & 0x7FFF_FFFF) if recording.memory_files else 0


def _process_behind(task: Task, descriptor: int) -> int:
    """The process whose memory a descriptor of the task writes to; 0 for none."""
    try:
        match = _MEMORY_FILE.fullmatch(os.readlink(f"/proc/{task.tid}/fd/{descriptor}"))
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _process_vm_writev(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    target = recording.tasks.get(call.arguments[0] & 0x7FFF_FFFF)
    if target is None:
        return []
    try:
        vector = task.tracee.read(call.arguments[3], 16 * min(call.arguments[4], _VECTORS))
    except MemoryFault:
        return []
    effects: list[Effect] = []
    for address, size in struct.iter_unpack("<QQ", vector):
        part = min(size, result)
        if part:
            effects.append(WriteTo(target.tid, address, target.tracee.read_available(address, part)))
        result -= part
    return effects


def _memory_file(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    """The file position is the address; after the write it is behind what was written."""
    descriptor = call.arguments[0] & 0x7FFF_FFFF
    target = recording.tasks.get(_process_behind(task, descriptor))
    if target is None:
        return []
    assert call.syscall is not None
    try:
        if call.syscall.name in ("write", "writev"):
            address = descriptor_info(task.tid, descriptor).position - result
        else:
            address = call.arguments[3]
    except OSError:
        return []
    return [WriteTo(target.tid, address, target.tracee.read_available(address, result))]
