"""RLIMIT_STACK of replayed processes: where the stack stops growing is where a recursion faulted."""

from __future__ import annotations

import resource
import struct

from redrive.formats.events import Syscall, SyscallExit
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks
from redrive.tracee import registers as regs

_SETRLIMIT, _PRLIMIT = 160, 302
LIMIT_SYSCALLS = frozenset({_SETRLIMIT, _PRLIMIT})
_RLIMIT_STACK = 3
_LARGEST = 2**63 - 1
_SOFT_LIMIT = struct.Struct("<Q")


def limit_stack(task: Task, limit: int) -> None:
    """Set the soft limit, in bytes, of a task's process; 2**64 - 1 means none."""
    if limit == task.stack_limit:
        return
    _, hard = resource.prlimit(task.tracee.tid, resource.RLIMIT_STACK)
    # The module takes signed numbers; where stacks end by themselves, none that is larger would make a difference.
    wanted = resource.RLIM_INFINITY if limit > _LARGEST else limit
    if hard != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > hard):
        # Not permitted to go beyond; only a program that uses that much stack would notice.
        wanted = hard
    resource.prlimit(task.tracee.tid, resource.RLIMIT_STACK, (wanted, hard))
    task.stack_limit = limit


def replay_limit(tasks: Tasks, task: Task, event: Syscall | SyscallExit, entry: bytes) -> None:
    """A setrlimit(2) or prlimit(2) of the program's own that has ended, for itself or for another recorded process.

    ``entry`` are the registers it began with; it may have failed.
    """
    words = regs.unpack(entry)
    if event.number == _SETRLIMIT:
        process, which, address = 0, words["rdi"], words["rsi"]
    else:
        process, which, address = words["rdi"] & 0xFFFF_FFFF, words["rsi"], words["rdx"]
    changed = task if process == 0 else tasks.get(process)
    if event.exit != 0 or which & 0xFFFF_FFFF != _RLIMIT_STACK or not address or changed is None:
        return
    limit = task.tracee.read_available(address, _SOFT_LIMIT.size)
    if len(limit) == _SOFT_LIMIT.size:
        limit_stack(changed, _SOFT_LIMIT.unpack(limit)[0])
