"""Syscalls that write the memory of a recorded task from outside: process_vm_writev, and writes to /proc/PID/mem."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, WriteTo
from redrive.recorder import transfers
from redrive.recorder.task import OpenCall, Task
from redrive.recorder.transfers import pieces_of_vector

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_MEMORY_FILE = re.compile(r"/proc/(?:\d+/task/)?(\d+)/mem")
CALLS = transfers.WRITES.keys() | {"process_vm_writev"}
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
    if not recording.memory_files or name not in transfers.WRITES:
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
    return [
        WriteTo(target.tid, address, target.tracee.read_available(address, length))
        for address, length in pieces_of_vector(task.tracee, call.arguments[3], call.arguments[4], result)
    ]


def _memory_file(recording: Recording, task: Task, call: OpenCall, result: int) -> list[Effect]:
    """An offset in the file is an address."""
    descriptor = call.arguments[0] & 0x7FFF_FFFF
    target = recording.tasks.get(_process_behind(task, descriptor))
    if target is None:
        return []
    assert call.syscall is not None
    try:
        address = transfers.written_offset(task.tracee, call.syscall.name, call.arguments, result)
    except OSError:
        return []
    return [WriteTo(target.tid, address, target.tracee.read_available(address, result))]
