"""fork, vfork, clone and the end of tasks."""

from __future__ import annotations

import os
import signal
import struct
from typing import TYPE_CHECKING

from redrive.formats.events import Clone, Exit
from redrive.formats.stops import StopKind, StopRegisters
from redrive.recorder import calls
from redrive.recorder.task import AddressSpace, Process, State, Task
from redrive.tracee import ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_CLONE_VM, _CLONE_THREAD, _CLONE_VFORK = 0x100, 0x10000, 0x4000
_CLONE_CHILD_SETTID, _CLONE_CHILD_CLEARTID = 0x0100_0000, 0x0020_0000
_FLAGS = {57: signal.SIGCHLD, 58: signal.SIGCHLD | _CLONE_VM | _CLONE_VFORK}
"""What fork and vfork ask of clone, by syscall number."""
_TID_MASK, _OWNER_DIED = 0x3FFF_FFFF, 0x4000_0000
_ROBUST_LIMIT = 2048
"""ROBUST_LIST_LIMIT of linux/futex.h."""


def child_made(recording: Recording, task: Task, kind: StopKind) -> None:
    """PTRACE_EVENT_FORK, VFORK or CLONE: a new task, which starts stopped."""
    tid = int(task.tracee.stop.message)
    call = task.call
    assert call is not None
    recording.keep_stop(task, kind, StopRegisters.OWN, tid)
    calls.write_entry(recording, task)
    flags = _FLAGS.get(call.number, call.arguments[0])
    child = _adopt(recording, task, tid, flags)
    if child is None:
        return
    writes = []
    if flags & _CLONE_CHILD_SETTID:
        writes.append((call.arguments[3], child.tracee.read_available(call.arguments[3], 4)))
    if flags & _CLONE_CHILD_CLEARTID:
        child.clear_tid = call.arguments[3]
    child.registers = child.tracee.registers
    event = Clone(task.tid, tid, flags, child.registers, tuple(writes), child.take_stops())
    recording.write(task, event)
    recording.scheduler.add(child)


def _adopt(recording: Recording, parent: Task, tid: int, flags: int) -> Task | None:
    """Wait for the child's first stop.  None when it was killed before it came."""
    process = parent.process if flags & _CLONE_THREAD else parent.process.copy(tid)
    space = parent.space if flags & _CLONE_VM else parent.space.copy()
    child = Task(tid, recording.kernel.regime, process, space, parent.affinity)
    early = recording.scheduler.forget_stop_of(tid)
    if early is not None:
        ffi.memmove(child.tracee.stop, early, ffi.sizeof("struct redrive_stop"))
    else:
        child.tracee.wait()
    if not os.WIFSTOPPED(child.tracee.stop.status) or child.tracee.stop.status >> 16 == ptrace.EVENT_EXIT:
        return None
    if flags & _CLONE_VM:
        space.users += 1
    recording.tasks[tid] = child
    recording.keep_stop(child, StopKind.STARTED, StopRegisters.FIRST, 0)
    return child


def leaving(recording: Recording, task: Task) -> None:
    """PTRACE_EVENT_EXIT: the task is about to go, with the status in the event message."""
    recording.keep_stop(task, StopKind.EXIT, StopRegisters.OWN, int(task.tracee.stop.message))
    _write_exit(recording, task, int(task.tracee.stop.message))
    task.tracee.resume(ptrace.CONT)
    # What the kernel writes at exit must have happened before a task that shares the memory runs.
    if lib.redrive_wait_or_sleep(task.tid, task.tracee.stop) == 1:
        stopped(recording, task)
    else:
        task.state = State.DYING


def stopped(recording: Recording, task: Task) -> None:
    """A dying task's last report."""
    if os.WIFSTOPPED(task.tracee.stop.status):
        task.state = State.DYING
        task.tracee.resume(ptrace.CONT)
        return
    recording.tasks.pop(task.tid, None)


def gone(recording: Recording, task: Task) -> None:
    """waitpid reports the end of a task that never came to its exit event."""
    recording.keep_stop(task, StopKind.GONE, StopRegisters.NONE, int(task.tracee.stop.status))
    _write_exit(recording, task, int(task.tracee.stop.status))
    recording.tasks.pop(task.tid, None)


def _write_exit(recording: Recording, task: Task, status: int) -> None:
    if task.exited:
        return
    calls.write_entry(recording, task)
    writes = _left_behind(task) if task.space.users > 1 or task.space.shares_files else ()
    task.exited = True
    task.space.users -= 1
    recording.write(task, Exit(task.tid, status, writes, task.take_stops()))
    recording.ended(task, status)


def _left_behind(task: Task) -> tuple[tuple[int, bytes], ...]:
    """What the kernel does to shared memory at exit (mm_release, kernel/fork.c): robust futexes, then the tid."""
    writes = _robust_futexes(task)
    if task.clear_tid and task.space.users > 1:
        writes.append((task.clear_tid, bytes(4)))
    return tuple(writes)


def _robust_futexes(task: Task) -> list[tuple[int, bytes]]:
    """exit_robust_list of kernel/futex: each futex this task owns gets FUTEX_OWNER_DIED instead of its tid."""
    writes: list[tuple[int, bytes]] = []
    if not task.robust_list:
        return writes
    try:
        head, offset, pending = struct.unpack("<QqQ", task.tracee.read(task.robust_list, 24))
        entries: list[int] = []
        while head & ~1 != task.robust_list and len(entries) < _ROBUST_LIMIT:
            entries.append(head & ~1)
            head = task.tracee.read_word(head & ~1)
        for entry in [*entries, *([pending & ~1] if pending else [])]:
            address = entry + offset
            word = struct.unpack("<I", task.tracee.read(address, 4))[0]
            if word & _TID_MASK == task.tid:
                writes.append((address, struct.pack("<I", word & 0x8000_0000 | _OWNER_DIED)))
    except MemoryFault:
        # The kernel gives up at the first address it cannot read, too.
        return writes
    return writes


def make_main(recording: Recording, tid: int, filtered: bool) -> Task:
    """The first task of the tree."""
    task = Task(tid, recording.kernel.regime, Process(tid, filtered), AddressSpace(), recording.affinity)
    recording.tasks[tid] = task
    return task
