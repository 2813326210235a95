"""Telling a signal that a task's own instruction raised from one that somebody sent it."""

from __future__ import annotations

import os
import signal
import struct
from typing import Any

FAULT_SIGNALS = frozenset({signal.SIGILL, signal.SIGTRAP, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV})
"""What the kernel raises for a CPU exception (arch/x86/kernel/traps.c and mm/fault.c)."""

OF_INSTRUCTIONS = FAULT_SIGNALS | {signal.SIGSYS}
"""Those that the kernel raises for what the task itself does: besides exceptions, a seccomp filter's RET_TRAP."""

_SI_CODE = struct.Struct("<8xi")


def code_of(siginfo: bytes) -> int:
    """si_code, from the first bytes of a siginfo; above 0 where the kernel raised the signal: sigaction(2)."""
    code: int = _SI_CODE.unpack_from(siginfo)[0]
    return code


def is_own_fault(stop: Any) -> bool:
    """Whether a signal-delivery-stop (struct redrive_stop) is that of a CPU exception."""
    return os.WSTOPSIG(stop.status) in FAULT_SIGNALS and code_of(bytes(stop.siginfo[0:12])) > 0


def is_foreign_stop(stop: Any) -> bool:
    """Whether a stop has nothing to do with what the task ran: a signal from outside, or a group-stop and its end."""
    if not os.WIFSTOPPED(stop.status):
        return False
    if stop.status >> 16 == 0:
        # SIGTRAP|0x80 is a syscall-stop, no signal.
        return not os.WSTOPSIG(stop.status) & 0x80 and not is_own_fault(stop)
    # PTRACE_EVENT_STOP
    return bool(stop.status >> 16 == 128)
