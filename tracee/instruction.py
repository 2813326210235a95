"""Machine instructions, decoded: how long one is, what memory it names, and whether it can be run at another address.

Capstone decodes; it is loaded with this module, which only landmarks need.
"""

from __future__ import annotations

import enum
import functools
import operator
import struct
from dataclasses import dataclass

import capstone
from capstone import x86_const

from redrive.tracee import registers as regs

LONGEST = 15
"""Bytes of the longest instruction (Intel SDM volume 2, 2.3.11)."""

_DECODER = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
_DECODER.detail = True
_LEGACY_PREFIXES = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_INT32 = range(-(2**31), 2**31)
_WORD_MASK = 2**64 - 1


class Flags(enum.Flag):
    """Status flags of eflags.

    The auxiliary carry is not among them: the instructions that leave it undefined are in every loop, and CPUs and qemu
    have it by the result alone.
    """

    CARRY = enum.auto()
    PARITY = enum.auto()
    ZERO = enum.auto()
    SIGN = enum.auto()
    OVERFLOW = enum.auto()


class Kind(enum.Enum):
    """What a stepping or relocating tracer must know of an instruction."""

    ORDINARY = "does its work and goes on to the next instruction, or jumps to where a register or memory says"
    RELATIVE_JUMP = "jumps, perhaps, by a distance from itself: jmp, jcc, loop, jrcxz"
    REPEATED = "a string instruction with a rep prefix, which an interrupt can find half way"
    PUSHES_FLAGS = "pushf, which shows the trap flag of a single step"
    POPS_FLAGS = "popf, which the kernel does not step over without a trace"
    CONSTANT = "movabs, whose immediate V8 reads as data elsewhere too (its partial constant pool)"
    BOUND = "depends on its own address otherwise, as call does, or on the x87's record of it"
    STOPS = "enters the kernel or is trapped for Redrive: syscall, int, rdtsc, cpuid"
    UNKNOWN = "not known to the decoder"


@dataclass(frozen=True, slots=True)
class MemoryOperand:
    """An address as segment base + base + index * scale + displacement, by the names of redrive.tracee.registers."""

    base: str | None
    index: str | None
    scale: int
    displacement: int
    segment: str | None
    size: int

    def address(self, registers: dict[str, int]) -> int:
        """Where it lies with these registers, rip being that of the next instruction."""
        total = self.displacement
        if self.base is not None:
            total += registers[self.base]
        if self.index is not None:
            total += registers[self.index] * self.scale
        if self.segment is not None:
            total += registers[self.segment]
        return total & _WORD_MASK


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.  ``displacement_offset`` is where in ``code`` a displacement from rip lies, 0 when it has none.

    ``distance`` is that of a RELATIVE_JUMP, from the next instruction; ``writes`` says whether an operand in memory is
    written to.  ``undefines_flags`` are the status flags that hold anything after it, by the manual.
    """

    code: bytes
    kind: Kind
    memory: tuple[MemoryOperand, ...] = ()
    displacement_offset: int = 0
    distance: int = 0
    writes: bool = False
    defines_flags: Flags = Flags(0)
    undefines_flags: Flags = Flags(0)

    @property
    def length(self) -> int:
        """In bytes."""
        return len(self.code)

    def relocated(self, address: int, new_address: int) -> bytes | None:
        """Code that does at ``new_address`` what this does at ``address``; None when none is known.

        Where it does not jump, control leaves it at its end.
        """
        if self.kind is Kind.RELATIVE_JUMP:
            return self._relocated_jump(address + self.length + self.distance, new_address)
        if self.kind is not Kind.ORDINARY:
            return None
        if not self.displacement_offset:
            return self.code
        (displacement,) = struct.unpack_from("<i", self.code, self.displacement_offset)
        moved = displacement + address - new_address
        if moved not in _INT32:
            return None
        end = self.displacement_offset + 4
        return self.code[: self.displacement_offset] + struct.pack("<i", moved) + self.code[end:]

    def _relocated_jump(self, target: int, new_address: int) -> bytes | None:
        opcode = self.code.lstrip(bytes(_LEGACY_PREFIXES))
        if opcode[0] in (0xEB, 0xE9):
            head = b"\xe9"
        elif opcode[0] in range(0x70, 0x80):
            head = bytes((0x0F, opcode[0] + 0x10))
        elif opcode[0] == 0x0F and opcode[1] in range(0x80, 0x90):
            head = opcode[:2]
        elif opcode[0] in range(0xE0, 0xE4):
            # loop and jrcxz have only a short form: over a jump that is taken when they do not.
            head = self.code[:-1] + b"\x02\xeb\x05\xe9"
        else:
            return None
        distance = target - new_address - len(head) - 4
        return head + struct.pack("<i", distance) if distance in _INT32 else None


_STOPPING = frozenset(
    {
        *(x86_const.X86_INS_SYSCALL, x86_const.X86_INS_SYSENTER, x86_const.X86_INS_SYSRET, x86_const.X86_INS_SYSEXIT),
        *(x86_const.X86_INS_INT, x86_const.X86_INS_INT1, x86_const.X86_INS_INT3, x86_const.X86_INS_INTO),
        *(x86_const.X86_INS_RDTSC, x86_const.X86_INS_RDTSCP, x86_const.X86_INS_CPUID, x86_const.X86_INS_HLT),
        *(x86_const.X86_INS_IRET, x86_const.X86_INS_IRETD, x86_const.X86_INS_IRETQ, x86_const.X86_INS_UD2),
        x86_const.X86_INS_CLTS,  # cpu.PLANTED_CPUID
    }
)
_PUSHING_FLAGS = frozenset({x86_const.X86_INS_PUSHF, x86_const.X86_INS_PUSHFD, x86_const.X86_INS_PUSHFQ})
_POPPING_FLAGS = frozenset({x86_const.X86_INS_POPF, x86_const.X86_INS_POPFD, x86_const.X86_INS_POPFQ})
# A load of ss holds off traps for an instruction, and a transaction ends at any trap.
_BOUND = frozenset(
    {
        *(x86_const.X86_INS_LSS, x86_const.X86_INS_XBEGIN, x86_const.X86_INS_XEND, x86_const.X86_INS_XABORT),
        *(x86_const.X86_INS_LCALL, x86_const.X86_INS_LJMP, x86_const.X86_INS_RETF, x86_const.X86_INS_RETFQ),
    }
)
_ONLY_ADDRESS = frozenset({x86_const.X86_INS_LEA, x86_const.X86_INS_NOP})
"""They have an operand in memory, but do not look at what is there."""
PAUSE = b"\xf3\x90"
"""What programs put into loops that wait for another processor (Intel SDM volume 2)."""
_REPEAT_PREFIXES = (0xF2, 0xF3)
_STRING_OPCODES = frozenset({*range(0x6C, 0x70), *range(0xA4, 0xA8), *range(0xAA, 0xB0)})
_X87_OPCODES = range(0xD8, 0xE0)
_WAIT = 0x9B
_MOV_IMMEDIATE = range(0xB8, 0xC0)
_MOVABS_LENGTH = 9
"""An opcode and eight bytes; behind REX.W."""
_REGISTER_NAMES = {
    getattr(x86_const, f"X86_REG_{name.upper()}"): name
    for name in (*regs.NAMES[:15], "rip", "rsp")
    if name != "orig_rax"
}
_NO_INDEX = frozenset({x86_const.X86_REG_RIZ, x86_const.X86_REG_EIZ})
"""What Capstone 5 shows for a SIB byte without an index."""
_DEFINE_FLAGS = {
    Flags.CARRY: x86_const.X86_EFLAGS_MODIFY_CF | x86_const.X86_EFLAGS_RESET_CF | x86_const.X86_EFLAGS_SET_CF,
    Flags.PARITY: x86_const.X86_EFLAGS_MODIFY_PF | x86_const.X86_EFLAGS_RESET_PF,
    Flags.ZERO: x86_const.X86_EFLAGS_MODIFY_ZF | x86_const.X86_EFLAGS_RESET_ZF,
    Flags.SIGN: x86_const.X86_EFLAGS_MODIFY_SF | x86_const.X86_EFLAGS_RESET_SF,
    Flags.OVERFLOW: x86_const.X86_EFLAGS_MODIFY_OF | x86_const.X86_EFLAGS_RESET_OF,
}
_UNDEFINE_FLAGS = {
    Flags.CARRY: x86_const.X86_EFLAGS_UNDEFINED_CF,
    Flags.PARITY: x86_const.X86_EFLAGS_UNDEFINED_PF,
    Flags.ZERO: x86_const.X86_EFLAGS_UNDEFINED_ZF,
    Flags.SIGN: x86_const.X86_EFLAGS_UNDEFINED_SF,
    Flags.OVERFLOW: x86_const.X86_EFLAGS_UNDEFINED_OF,
}
_SEGMENTS = {x86_const.X86_REG_FS: "fs_base", x86_const.X86_REG_GS: "gs_base"}


@functools.lru_cache(maxsize=4096)
def decode(code: bytes) -> Instruction:
    """The instruction that ``code`` begins with; at most LONGEST bytes are looked at.

    Kind.UNKNOWN, with all of ``code``, for one that the decoder does not know.
    """
    found = next(_DECODER.disasm(code, 0, 1), None)
    if found is None:
        return Instruction(code, Kind.UNKNOWN)
    whole = bytes(found.bytes)
    kind = _kind(found, whole)
    memory = tuple(
        operand for operand in (_memory_operand(found, part) for part in found.operands) if operand is not None
    )
    relative = any(operand.base == "rip" for operand in memory)
    distance = int(found.operands[0].imm) - len(whole) if kind is Kind.RELATIVE_JUMP else 0
    named = () if found.id in _ONLY_ADDRESS else memory
    displacement_offset = int(found.disp_offset) if relative else 0
    writes = any(part.type == x86_const.X86_OP_MEM and part.access & capstone.CS_AC_WRITE for part in found.operands)
    # Capstone keeps the x87's flags in the same place.
    effects = 0 if x86_const.X86_GRP_FPU in found.groups else found.eflags
    return Instruction(
        whole,
        kind,
        named,
        displacement_offset,
        _signed(distance),
        writes,
        _flags(_DEFINE_FLAGS, effects),
        _flags(_UNDEFINE_FLAGS, effects),
    )


def _flags(masks: dict[Flags, int], effects: int) -> Flags:
    return functools.reduce(operator.or_, (flag for flag, mask in masks.items() if effects & mask), Flags(0))


def _signed(value: int) -> int:
    value &= _WORD_MASK
    return value - 2**64 if value >> 63 else value


def _kind(found: capstone.CsInsn, code: bytes) -> Kind:
    groups = set(found.groups)
    opcode = code.lstrip(bytes(_LEGACY_PREFIXES))
    if opcode and opcode[0] >> 4 == 4:
        opcode = opcode[1:]  # REX
    if found.id in _STOPPING:
        return Kind.STOPS
    if found.id in _PUSHING_FLAGS:
        return Kind.PUSHES_FLAGS
    if found.id in _POPPING_FLAGS:
        return Kind.POPS_FLAGS
    if found.id in _BOUND or x86_const.X86_GRP_CALL in groups or _loads_segment(found):
        return Kind.BOUND
    if len(opcode) == _MOVABS_LENGTH and opcode[0] in _MOV_IMMEDIATE:
        return Kind.CONSTANT
    if opcode and (opcode[0] in _X87_OPCODES or opcode[0] == _WAIT):
        return Kind.BOUND
    if opcode and opcode[0] in _STRING_OPCODES:
        return Kind.REPEATED if any(prefix in code[: -len(opcode)] for prefix in _REPEAT_PREFIXES) else Kind.ORDINARY
    if x86_const.X86_GRP_BRANCH_RELATIVE in groups:
        return Kind.RELATIVE_JUMP
    return Kind.ORDINARY


def _loads_segment(found: capstone.CsInsn) -> bool:
    return any(
        operand.type == x86_const.X86_OP_REG and operand.reg == x86_const.X86_REG_SS for operand in found.operands
    )


def _memory_operand(found: capstone.CsInsn, operand: capstone.x86.X86Op) -> MemoryOperand | None:
    """The operand, or None when it is no memory or its address is not made of 64-bit registers alone."""
    if operand.type != x86_const.X86_OP_MEM or found.addr_size != 8:
        return None
    parts = []
    for register in (operand.mem.base, 0 if operand.mem.index in _NO_INDEX else operand.mem.index):
        if register and register not in _REGISTER_NAMES:
            return None
        parts.append(_REGISTER_NAMES.get(register))
    segment = _SEGMENTS.get(operand.mem.segment)
    return MemoryOperand(parts[0], parts[1], operand.mem.scale, operand.mem.disp, segment, operand.size)
