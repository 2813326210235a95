"""ptrace(2)'s numbers, from sys/ptrace.h and linux/ptrace.h."""

from __future__ import annotations

import enum


class Option(enum.IntFlag):
    """PTRACE_SETOPTIONS and PTRACE_SEIZE."""

    TRACESYSGOOD = 1
    TRACEFORK = 2
    TRACEVFORK = 4
    TRACECLONE = 8
    TRACEEXEC = 16
    TRACEVFORKDONE = 32
    TRACEEXIT = 64
    TRACESECCOMP = 128
    EXITKILL = 1 << 20


ALL_OPTIONS = Option(
    Option.TRACESYSGOOD
    | Option.TRACEFORK
    | Option.TRACEVFORK
    | Option.TRACECLONE
    | Option.TRACEEXEC
    | Option.TRACEVFORKDONE
    | Option.TRACEEXIT
    | Option.TRACESECCOMP
    | Option.EXITKILL
)

CONT = 7
SINGLESTEP = 9
SYSCALL = 24
SYSEMU = 31
SETOPTIONS = 0x4200
INTERRUPT = 0x4207
LISTEN = 0x4208
GET_SYSCALL_INFO = 0x420E

EVENT_FORK = 1
EVENT_VFORK = 2
EVENT_CLONE = 3
EVENT_EXEC = 4
EVENT_VFORK_DONE = 5
EVENT_EXIT = 6
EVENT_SECCOMP = 7
EVENT_STOP = 128

SYSCALL_STOP_SIGNAL = 5 | 0x80
"""SIGTRAP|0x80, which PTRACE_O_TRACESYSGOOD makes of a syscall-stop's signal."""


def is_end(status: int) -> bool:
    """Whether a wait status is that of PTRACE_EVENT_EXIT, or of no stop at all: the task comes to no other."""
    return status & 0xFF != 0x7F or status >> 16 == EVENT_EXIT


def stop_status(signal: int, event: int = 0) -> int:
    """What waitpid reports for a stop with this signal, and of this PTRACE_EVENT (wait(2), ptrace(2))."""
    return event << 16 | signal << 8 | 0x7F
