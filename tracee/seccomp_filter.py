"""The seccomp filters of Redrive's tracees, as classic BPF programs (struct sock_filter[], linux/filter.h)."""

from __future__ import annotations

import struct

from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH

TRACE_DATA = 0xD1CE
"""SECCOMP_RET_DATA of our RET_TRACE: tells our stops from those a filter of the program's own asks for."""
OTHER_ABI_DATA = 0xD1CF
"""The same, for a 32-bit syscall (int 0x80)."""

_RET_TRACE = 0x7FF0_0000
_RET_ALLOW = 0x7FFF_0000
_AUDIT_ARCH_X86_64 = 0xC000_003E
_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_ABOVE_OR_EQUAL = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
# Offsets in struct seccomp_data (linux/seccomp.h).
_ARCHITECTURE = 4
_POINTER_LOW = 8
_POINTER_HIGH = 12


def program(*instructions: tuple[int, int, int, int]) -> bytes:
    """The bytes of (code, jt, jf, k) instructions: struct sock_filter of linux/filter.h."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions)


def record_filter() -> bytes:
    """Traces every syscall but those of the agent's page."""
    return program(
        (_LOAD_WORD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH_X86_64),
        (_RETURN, 0, 0, _RET_TRACE | OTHER_ABI_DATA),
        (_LOAD_WORD, 0, 0, _POINTER_HIGH),
        (_JUMP_EQUAL, 0, 4, 0),
        (_LOAD_WORD, 0, 0, _POINTER_LOW),
        (_JUMP_ABOVE_OR_EQUAL, 0, 2, AGENT_ADDRESS),
        (_JUMP_ABOVE_OR_EQUAL, 1, 0, AGENT_ADDRESS + AGENT_LENGTH),
        (_RETURN, 0, 0, _RET_ALLOW),
        (_RETURN, 0, 0, _RET_TRACE | TRACE_DATA),
    )


def replay_filter() -> bytes:
    """Traces calls into the vsyscall page, which PTRACE_SYSEMU does not see; all others are left to PTRACE_SYSEMU."""
    return program(
        (_LOAD_WORD, 0, 0, _POINTER_HIGH),
        (_JUMP_EQUAL, 0, 1, 0xFFFF_FFFF),
        (_RETURN, 0, 0, _RET_TRACE | TRACE_DATA),
        (_RETURN, 0, 0, _RET_ALLOW),
    )
