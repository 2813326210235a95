"""fork, vfork, clone and the end of tasks."""

from __future__ import annotations

import errno
import os
import signal
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.formats.events import Clone, Exit
from redrive.formats.stops import StopKind, StopRegisters
from redrive.formats.task_limit import TASKS_AT_ONCE
from redrive.recorder import calls, signals
from redrive.recorder.task import AddressSpace, Process, State, Task
from redrive.tracee import proc_file, ptrace
from redrive.tracee._native import lib
from redrive.tracee.errors import TraceeGone
from redrive.tracee.syscalls import MemoryFault
from redrive.tracee.task_stat import state

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_CLONE_VM, _CLONE_SIGHAND, _CLONE_THREAD, _CLONE_VFORK = 0x100, 0x800, 0x10000, 0x4000
_CLONE_PIDFD, _CLONE_PARENT_SETTID = 0x1000, 0x0010_0000
_CLONE_CHILD_SETTID, _CLONE_CHILD_CLEARTID = 0x0100_0000, 0x0020_0000
_FLAGS = {57: signal.SIGCHLD, 58: signal.SIGCHLD | _CLONE_VM | _CLONE_VFORK}
"""What fork and vfork ask of clone, by syscall number."""
_MAKES_A_CHILD = frozenset({56, 57, 58})
"""clone, fork, vfork."""
_EXECUTES = frozenset({59, 322})
"""execve, execveat."""
_TID_MASK, _OWNER_DIED = 0x3FFF_FFFF, 0x4000_0000
_ROBUST_LIMIT = 2048
"""ROBUST_LIST_LIMIT of linux/futex.h."""


def child_made(recording: Recording, task: Task, kind: StopKind) -> None:
    """PTRACE_EVENT_FORK, VFORK or CLONE: a new task, which starts stopped."""
    tid = int(task.tracee.stop.message)
    recording.keep_stop(task, kind, StopRegisters.OWN, tid)
    _take_over(recording, task, tid)


def _take_over(recording: Recording, task: Task, tid: int) -> None:
    call = task.call
    assert call is not None
    call.child_seen = True
    calls.write_entry(recording, task)
    flags = _FLAGS.get(call.number, call.arguments[0])
    child = _adopt(recording, task, tid, flags)
    if child is None:
        return
    writes = []
    if flags & _CLONE_VM and flags & (_CLONE_PARENT_SETTID | _CLONE_PIDFD):
        # The child's first instruction finds it there, and may run before clone returns (kernel_clone, kernel/fork.c).
        writes.append((call.arguments[2], child.tracee.read_available(call.arguments[2], 4)))
    if flags & _CLONE_CHILD_SETTID:
        writes.append((call.arguments[3], child.tracee.read_available(call.arguments[3], 4)))
    if flags & _CLONE_CHILD_CLEARTID:
        child.clear_tid = call.arguments[3]
    child.registers = child.tracee.registers
    event = Clone(task.tid, tid, flags, child.registers, tuple(writes), child.take_stops())
    recording.write(event)
    recording.scheduler.add(child)


def _adopt(recording: Recording, parent: Task, tid: int, flags: int) -> Task | None:
    """Wait for the child's first stop.  None when it was gone before any."""
    process = parent.process if flags & _CLONE_THREAD else parent.process.copy(tid)
    space = parent.space if flags & _CLONE_VM else parent.space.copy()
    child = Task(tid, recording.kernel.regime, process, space, parent.affinity)
    child.identity = parent.identity
    child.wishes = parent.wishes.of_child(shares_actions=bool(flags & _CLONE_SIGHAND))
    early = recording.scheduler.forget_stop_of(tid)
    if early is not None:
        child.tracee.take_stop(early)
    else:
        child.tracee.wait()
    if not os.WIFSTOPPED(child.tracee.stop.status):
        return None
    if flags & _CLONE_VM:
        space.users += 1
    recording.tasks[tid] = child
    if len(recording.tasks) > TASKS_AT_ONCE:
        recording.note(
            child, f"there are more than {TASKS_AT_ONCE} tasks at a time: no replay can get further than this"
        )
    if child.tracee.stop.status >> 16 == ptrace.EVENT_EXIT:
        # Killed before its first instruction: that stop is still to be handled.
        child.state = State.STOPPED
    else:
        recording.keep_stop(child, StopKind.STARTED, StopRegisters.FIRST, 0)
    return child


def _take_over_unreported_child(recording: Recording, task: Task) -> None:
    """A task killed between the making of its child and the event that tells of it never tells: look for the child."""
    call = task.call
    if call is None or call.child_seen or call.answer is not None or call.number not in _MAKES_A_CHILD:
        return
    found = {tid: relatives for tid, *relatives in all_tracees() if tid not in recording.tasks}
    own = [tid for tid, relatives in found.items() if task.process.tgid in relatives]
    # Once the parent has ended the kernel names another; a child of a recorded process is that one's to tell of.
    recorded = {other.process.tgid for other in recording.tasks.values()}
    orphans = [tid for tid, relatives in found.items() if recorded.isdisjoint(relatives)]
    for tid in (own or orphans)[:1]:
        _take_over(recording, task, tid)


def all_tracees() -> Iterator[tuple[int, int, int]]:
    """(tid, tgid, ppid) of all tasks this thread traces: /proc/PID/task/TID/status (proc(5))."""
    tracer = str(threading.get_native_id())
    for process in filter(str.isdigit, os.listdir("/proc")):
        # Any of them may be gone by the time it is looked at.
        with suppress(OSError):
            for tid in os.listdir(f"/proc/{process}/task"):
                fields = proc_file.read_fields(f"/proc/{process}/task/{tid}/status")
                if fields["TracerPid"] == tracer:
                    yield int(tid), int(fields["Tgid"]), int(fields["PPid"])


def is_zombie(task: Task) -> bool:
    """Whether the task has ended and waits to be reaped."""
    try:
        return state(task.tid) == "Z"
    except OSError:
        return True


def waits_to_dump_core(recording: Recording, task: Task) -> bool:
    """Whether a task that a signal has killed waits for the other threads of its process to come to their ends.

    Before Linux 5.16 they report PTRACE_EVENT_EXIT first, and are to be let go from there (coredump_wait of
    fs/coredump.c, do_exit of kernel/exit.c); since then they wait for the dump before they report.
    """
    others = (other for other in recording.tasks.values() if other.process is task.process and other is not task)
    if not any(
        other.state is State.STOPPED and other.tracee.stop.status >> 16 == ptrace.EVENT_EXIT for other in others
    ):
        return False
    try:
        return state(task.tid) == "D"
    except OSError:
        return True


def may_lose_its_tid(task: Task) -> bool:
    """Whether the task is in execve: a thread that is not the leader takes the leader's tid there (ptrace(2))."""
    return task.call is not None and task.call.number in _EXECUTES


def caller_of_execve(recording: Recording, leader: Task) -> Task:
    """PTRACE_EVENT_EXEC comes under the leader's tid: the task that called execve, which has this tid from now on.

    The other threads of the process are gone.
    """
    caller = recording.tasks.get(int(leader.tracee.stop.message), leader)
    if caller is leader:
        return leader
    calls.write_entry(recording, caller)
    for other in [task for task in recording.tasks.values() if task.process is caller.process and task is not caller]:
        calls.write_entry(recording, other)
        # Its memory is gone as well, so there is nothing left behind in it.
        other.call, other.robust_list, other.clear_tid = None, 0, 0
        _write_exit(recording, other, signal.SIGKILL)
        other.state = State.DYING
        del recording.tasks[other.tid]
    del recording.tasks[caller.tid]
    caller.tid = leader.tid
    caller.tracee = leader.tracee
    caller.state = State.READY
    recording.tasks[caller.tid] = caller
    recording.scheduler.add(caller)
    return caller


def leaving(recording: Recording, task: Task) -> None:
    """PTRACE_EVENT_EXIT: the task is about to go, with the status in the event message."""
    _take_over_unreported_child(recording, task)
    if _is_killed_in_its_code(recording, task):
        from redrive.recorder import landmarks

        landmarks.take_at_end(recording, task)
    recording.keep_stop(task, StopKind.EXIT, StopRegisters.OWN, int(task.tracee.stop.message))
    _write_exit(recording, task, int(task.tracee.stop.message))
    task.tracee.resume(ptrace.CONT)
    # What the kernel writes at exit must have happened before a task that shares the memory runs.
    if lib.redrive_wait_or_sleep(task.tid, task.tracee.stop) == 1:
        stopped(recording, task)
    else:
        task.state = State.DYING


def _is_killed_in_its_code(recording: Recording, task: Task) -> bool:
    """Whether a task whose memory outlives it has run since its latest event."""
    if task.exited or task.call is not None or signals.same_registers(task.tracee.registers, task.registers):
        return False
    others = (other for other in recording.tasks.values() if other.process is not task.process)
    return task.space.shares_files or any(other.space is task.space for other in others)


def stopped(recording: Recording, task: Task) -> None:
    """A dying task's last report, or what comes under its tid: see caller_of_execve."""
    if task.tracee.stop.status >> 16 == ptrace.EVENT_EXEC:
        task.state = State.STOPPED
        recording.scheduler.add(task)
        return
    if os.WIFSTOPPED(task.tracee.stop.status):
        task.state = State.DYING
        task.tracee.resume(ptrace.CONT)
        return
    recording.tasks.pop(task.tid, None)


def gone(recording: Recording, task: Task) -> None:
    """waitpid reports the end of a task that never came to its exit event."""
    _take_over_unreported_child(recording, task)
    recording.keep_stop(task, StopKind.GONE, StopRegisters.NONE, int(task.tracee.stop.status))
    _write_exit(recording, task, int(task.tracee.stop.status))
    recording.tasks.pop(task.tid, None)


def _write_exit(recording: Recording, task: Task, status: int) -> None:
    if task.exited:
        return
    calls.write_entry(recording, task)
    shared = task.space.users > 1 or task.space.shares_files
    writes = (*_written_so_far(task), *_left_behind(task)) if shared else ()
    task.exited = True
    task.space.users -= 1
    recording.write(Exit(task.tid, status, writes, task.take_stops()))
    recording.ended(task, status)


def _written_so_far(task: Task) -> Sequence[tuple[int, bytes]]:
    """Where a call that the task has died in may have written something already, as a call that faults may have."""
    call = task.call
    if call is None or call.syscall is None or call.answer is not None or call.answered:
        return ()
    try:
        return task.tracee.gather(call.syscall.outputs(call.arguments, -errno.EFAULT, task.tracee))
    except (MemoryFault, TraceeGone):
        return ()


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
