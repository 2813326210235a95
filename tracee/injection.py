"""Running a syscall in a stopped tracee under record, and putting its state back.

Driven with PTRACE_SYSCALL from the first stop to the exit stop, so that no signal is needed for it: an int3 or a
single step would force SIGTRAP on a program that may block or ignore it, and change its disposition.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import ffi
from redrive.tracee.eras import Meaning, Request, SyscallStop, SyscallTracker
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.own_faults import OF_INSTRUCTIONS, code_of
from redrive.tracee.signal_mask import ALL_SIGNALS, Came, signals_pending, take_put_aside
from redrive.tracee.tracee import Tracee


@dataclass(frozen=True)
class Injector:
    """Runs syscalls in one tracee, which must be stopped outside any syscall.

    ``seen`` is told what each stop is, while the tracee is in it; ``came`` is for signals_pending.
    """

    tracee: Tracee
    tracker: SyscallTracker
    seen: Callable[[Meaning], None]
    came: Came

    def call(self, instruction: int, number: int, *arguments: int) -> int:
        """Run a syscall at the address of a syscall instruction; returns its result, signed.

        The registers are as before afterwards, and pending signals still pending.  Raises TraceeGone when the tracee
        dies of it.
        """
        before = self.tracee.registers
        named = dict(zip(regs.ARGUMENTS, arguments, strict=False))
        self.tracee.set_registers(regs.replace(before, rip=instruction, rax=number, orig_rax=-1, **named))
        with signals_pending(self.tracee, ALL_SIGNALS, self.came):
            while self._next_stop() is not Meaning.EXIT:
                pass
        result = regs.get_signed(self.tracee.registers, "rax")
        self.tracee.set_registers(before)
        return result

    def _next_stop(self) -> Meaning:
        self.tracker.resumed(Request.SYSCALL, *_values(self.tracee))
        self.tracee.step(ptrace.SYSCALL)
        take_put_aside(self.tracee, self.came)
        kind = _kind(self.tracee)
        meaning = self.tracker.stopped(kind, *_values(self.tracee)).meaning
        if kind is SyscallStop.SIGNAL:
            self._signal_stop()
        else:
            self.seen(meaning)
        return meaning

    def _signal_stop(self) -> None:
        """A signal that cannot be kept out, as SIGSTOP, or for which there was no more room, waits as well.

        Sending a SIGCONT makes a stop of its own, which is over with it (prepare_signal of kernel/signal.c).
        """
        if self.tracee.stop.status >> 16 == ptrace.EVENT_STOP:
            return
        number = os.WSTOPSIG(self.tracee.stop.status)
        siginfo = bytes(ffi.buffer(self.tracee.stop.siginfo))
        if number in OF_INSTRUCTIONS and code_of(siginfo) > 0:
            raise TraceeError(f"task {self.tracee.tid} got signal {number} for a syscall injected into it")
        self.came(number, self.tracee.registers, siginfo)


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
    if status >> 16 == 0 or status >> 8 == ptrace.EVENT_STOP << 8 | signal.SIGTRAP:
        return SyscallStop.SIGNAL
    raise TraceeError(f"task {tracee.tid} stopped with status {status:#x} during an injected syscall")
