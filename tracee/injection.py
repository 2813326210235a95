"""Running a syscall in a stopped tracee under record, and putting its state back.

Driven with PTRACE_SYSCALL from the first stop to the exit stop, so that no signal is needed for it: an int3 or a
single step would force SIGTRAP on a program that may block or ignore it, and change its disposition.
Pending signals stay pending, as none is delivered before the tracee goes back to user code, which it does not.
"""

from __future__ import annotations

import os

from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee.eras import Meaning, Request, SyscallStop, SyscallTracker
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.tracee import Tracee


def inject(tracee: Tracee, tracker: SyscallTracker, instruction: int, number: int, *arguments: int) -> int:
    """Run a syscall and return its result (signed; -errno when it failed).

    ``instruction`` is the address of a syscall instruction in the tracee, which must be stopped outside any syscall.
    Its registers are as before afterwards.  Raises TraceeGone when the tracee dies of it.
    """
    before = tracee.registers
    named = dict(zip(regs.ARGUMENTS, arguments, strict=False))
    tracee.set_registers(regs.replace(before, rip=instruction, rax=number, orig_rax=-1, **named))
    tracker.resumed(Request.SYSCALL, -1, number)
    while True:
        tracee.step(ptrace.SYSCALL)
        if tracker.stopped(_kind(tracee), *_values(tracee)).meaning is Meaning.EXIT:
            break
        tracker.resumed(Request.SYSCALL, *_values(tracee))
    result = regs.get_signed(tracee.registers, "rax")
    tracee.set_registers(before)
    return result


def _values(tracee: Tracee) -> tuple[int, int]:
    registers = tracee.registers
    return regs.get_signed(registers, "orig_rax"), regs.get_signed(registers, "rax")


def _kind(tracee: Tracee) -> SyscallStop:
    status = int(tracee.stop.status)
    if not os.WIFSTOPPED(status) or status >> 16 == ptrace.EVENT_EXIT:
        raise TraceeGone(f"task {tracee.tid} died of a syscall injected into it")
    if status >> 16 == ptrace.EVENT_SECCOMP:
        return SyscallStop.SECCOMP
    if status >> 8 == ptrace.SYSCALL_STOP_SIGNAL:
        return SyscallStop.SYSCALL
    raise TraceeError(f"task {tracee.tid} stopped with status {status:#x} during an injected syscall")
