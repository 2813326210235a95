"""When two sets of registers are the same to a program."""

from __future__ import annotations

import struct

from redrive.tracee import registers as regs

_RAX = regs.OFFSETS["rax"]
_ORIG_RAX = regs.OFFSETS["orig_rax"]
_EFLAGS = regs.OFFSETS["eflags"]
_MINUS_ONE = b"\xff" * 8
_WORD = struct.Struct("<Q")
_ALL_BITS = 2**64 - 1

RESUME_FLAG = 1 << 16
"""RF of eflags.  The CPU sets it in what it saves for some exceptions and not for others, and a hypervisor or a
hardware breakpoint changes which (Intel SDM volume 3, 18.3.1.1); pushf never shows it."""


def outside_syscall(registers: bytes) -> bytes:
    """The same registers of a task that is in no syscall.

    orig_rax is no register of the CPU but the kernel's mark for a syscall to be restarted; -1 says that there is none.
    """
    return registers[:_ORIG_RAX] + _MINUS_ONE + registers[_ORIG_RAX + 8 :]


def after_syscall(entry: bytes, result: int | bytes) -> bytes:
    """The registers after a syscall that began with ``entry``, from an event's ``exit``; the task is in no syscall."""
    if isinstance(result, bytes):
        return outside_syscall(result)
    return (
        entry[:_RAX]
        + _WORD.pack(result & _ALL_BITS)
        + entry[_RAX + 8 : _ORIG_RAX]
        + _MINUS_ONE
        + entry[_ORIG_RAX + 8 :]
    )


def without_resume_flag(registers: bytes) -> bytes:
    """The same registers with RF clear."""
    (flags,) = _WORD.unpack_from(registers, _EFLAGS)
    return registers[:_EFLAGS] + _WORD.pack(flags & ~RESUME_FLAG) + registers[_EFLAGS + 8 :]


def is_in_syscall(registers: bytes) -> bool:
    """Whether the registers are those of a task at a syscall-entry."""
    return registers[_ORIG_RAX : _ORIG_RAX + 8] != _MINUS_ONE


def same_in_syscall(expected: bytes, seen: bytes) -> bool:
    """Whether registers at a syscall-entry agree: all 27, but for RF.

    Where ``expected`` has -1 in orig_rax any number agrees: a kernel of regime R2 (3.19 to 4.7) has lost the number of
    a call that a filter answered, and the code did not tell it either.
    """
    if not is_in_syscall(expected):
        seen = outside_syscall(seen)
    return expected == seen or without_resume_flag(expected) == without_resume_flag(seen)


def same_in_user_code(expected: bytes, seen: bytes) -> bool:
    """Whether registers between two syscalls agree: all 27, but for RF and orig_rax."""
    return same_in_syscall(outside_syscall(expected), outside_syscall(seen))
