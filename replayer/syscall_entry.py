"""Bringing a task to the entry of its next syscall, which is then not made."""

from __future__ import annotations

import errno
from collections.abc import Callable

from redrive.replayer.comparison import same_in_syscall, without_resume_flag
from redrive.replayer.mismatch import Mismatch, stopped_elsewhere
from redrive.replayer.run_to_address import run_to_address
from redrive.replayer.task import SYSCALL_STOP, Task
from redrive.tracee import registers as regs

EnterSyscall = Callable[[Task, bytes], None]
"""Brings a task to a syscall-entry; raises Mismatch unless its registers there are those given."""

_SYSCALL_INSTRUCTION_LENGTH = 2
_EXPECTED = "the syscall that was recorded"


def enter_by_sysemu(task: Task, entry: bytes) -> None:
    """Let PTRACE_SYSEMU stop the task at its syscall."""
    task.run()
    tracee = task.tracee
    if tracee.stop.status != SYSCALL_STOP:
        raise stopped_elsewhere(task, _EXPECTED, entry)
    seen = tracee.registers
    if seen != entry and not same_in_syscall(entry, seen):
        raise Mismatch(task, _EXPECTED, entry, seen)


def enter_by_breakpoint(task: Task, entry: bytes) -> None:
    """Stop the task before its syscall instruction and do what that does to registers.

    For kernels before 4.8 when Redrive itself is under a seccomp filter: there the filter acts on a syscall before
    PTRACE_SYSEMU can skip it.
    """
    run_to_address(task, regs.get(entry, "rip") - _SYSCALL_INSTRUCTION_LENGTH, _EXPECTED, entry)
    seen = without_resume_flag(task.tracee.registers)
    at = regs.unpack(seen)
    # Intel SDM volume 2, SYSCALL; the kernel then puts -ENOSYS where the result goes.
    after = at["rip"] + _SYSCALL_INSTRUCTION_LENGTH
    entered = regs.replace(seen, orig_rax=at["rax"], rax=-errno.ENOSYS, rcx=after, r11=at["eflags"], rip=after)
    if not same_in_syscall(entry, entered):
        raise Mismatch(task, _EXPECTED, entry, entered)
