"""Instructions whose results were recorded although they are no syscalls: rdtsc, rdtscp, cpuid, the vsyscall page."""

from __future__ import annotations

import errno
import signal

from redrive.formats.events import Trap, TrapCause
from redrive.replayer.comparison import outside_syscall, same_in_syscall, same_in_user_code
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.mismatch import stopped_elsewhere
from redrive.replayer.run_to_address import run_to_address
from redrive.replayer.task import Task
from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee.cpu import PLANTED_CPUID
from redrive.tracee.vsyscall_page import VSYSCALL_NUMBERS

TRAPPED = "the instruction that was trapped when recorded (rdtsc, rdtscp, cpuid or a call of the vsyscall page)"


def replay_trap(task: Task, event: Trap, machine: Machine) -> None:
    """Bring the task to the instruction and past it, with the recorded result.  Raises Mismatch."""
    if event.cause == TrapCause.VSYSCALL:
        _run_to_vsyscall(task, event)
    elif event.cause == TrapCause.CPUID and not machine.cpuid_faults and not _is_planted(task, event):
        run_to_address(task, regs.get(event.before, "rip"), TRAPPED, event.before)
        if not same_in_user_code(event.before, task.tracee.registers):
            raise stopped_elsewhere(task, TRAPPED, event.before)
    else:
        task.run()
        if not task.at_signal(signal.SIGSEGV) or not same_in_user_code(event.before, task.tracee.registers):
            raise stopped_elsewhere(task, TRAPPED, event.before)
    write_memory(task, event.writes)
    task.leave_at(event.after)


def _is_planted(task: Task, event: Trap) -> bool:
    """Whether what the trace has in the place of this cpuid faults by itself."""
    return task.tracee.read_available(regs.get(event.before, "rip"), 2) == PLANTED_CPUID


def _run_to_vsyscall(task: Task, event: Trap) -> None:
    """To the point after a call into the vsyscall page, with the call not made."""
    task.run()
    if task.at_event(ptrace.EVENT_SECCOMP):
        if not same_in_syscall(event.before, task.tracee.registers):
            raise stopped_elsewhere(task, TRAPPED, event.before)
        # The kernel emulates the call in a page fault, and the return too: at this stop only orig_rax may be changed,
        # and the task is out of it only when it runs again (Documentation/userspace-api/seccomp_filter.rst).
        task.registers = outside_syscall(task.tracee.registers)
        run_to_address(task, regs.get(event.after, "rip"), "the return from the vsyscall page", event.after)
        return
    # Booted with vsyscall=none: the page is not there, and the kernel has not begun a call.
    seen = task.tracee.registers
    number = VSYSCALL_NUMBERS.get(regs.get(seen, "rip"))
    if not task.at_signal(signal.SIGSEGV) or number is None:
        raise stopped_elsewhere(task, TRAPPED, event.before)
    if not same_in_syscall(event.before, regs.replace(seen, orig_rax=number, rax=-errno.ENOSYS)):
        raise stopped_elsewhere(task, TRAPPED, event.before)
