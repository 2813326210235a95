"""The general registers of a task: the 216 bytes of struct user_regs_struct (sys/user.h), by name."""

from __future__ import annotations

import struct
from collections.abc import Mapping

NAMES = (
    *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
    *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
)
SIZE = 8 * len(NAMES)
OFFSETS: Mapping[str, int] = {name: 8 * index for index, name in enumerate(NAMES)}
GENERAL = NAMES[:15]
"""The general-purpose registers but for rsp."""
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
"""Where a syscall's six arguments are: the x86-64 ABI document, A.2.1."""
USER_CODE_SEGMENT = 0x33
"""cs of 64-bit user code; 0x23 is 32-bit."""

_ALL = struct.Struct(f"<{len(NAMES)}Q")
_WORD = struct.Struct("<Q")
_SIGNED = struct.Struct("<q")


def unpack(registers: bytes) -> dict[str, int]:
    """All registers by name, as unsigned 64-bit numbers."""
    return dict(zip(NAMES, _ALL.unpack(registers), strict=True))


def get(registers: bytes, name: str) -> int:
    """One register, unsigned."""
    value: int = _WORD.unpack_from(registers, OFFSETS[name])[0]
    return value


def get_signed(registers: bytes, name: str) -> int:
    """One register, signed: a syscall's result, for instance."""
    value: int = _SIGNED.unpack_from(registers, OFFSETS[name])[0]
    return value


def replace(registers: bytes, **values: int) -> bytes:
    """The registers with some of them changed; values may be negative."""
    changed = bytearray(registers)
    for name, value in values.items():
        _WORD.pack_into(changed, OFFSETS[name], value & 0xFFFF_FFFF_FFFF_FFFF)
    return bytes(changed)
