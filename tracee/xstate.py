"""The XSAVE area as NT_X86_XSTATE shows it: standard format (Intel SDM volume 1, 13.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from redrive.tracee._native import ffi, lib

LEGACY_SIZE = 512
HEADER_SIZE = 64
_XCR0_OFFSET = 464
"""The kernel keeps XCR0 in the software-reserved bytes of the legacy area (arch/x86/include/asm/user.h)."""
_X87, _SSE = 1, 2
_X87_INITIAL = (0x37F).to_bytes(2, "little") + bytes(4)
"""FCW as FNINIT leaves it; FSW and the abridged FTW are zero."""


class Component(NamedTuple):
    """One state component: its bit in XCR0 and where it lies in the standard format."""

    bit: int
    offset: int
    size: int


_NAMES = {
    2: "the upper halves of the AVX registers (ymm)",
    3: "the MPX bound registers",
    4: "the MPX configuration",
    5: "the AVX-512 mask registers (k0 to k7)",
    6: "the upper halves of the AVX-512 registers (zmm0 to zmm15)",
    7: "the AVX-512 registers zmm16 to zmm31",
    9: "the protection key rights (PKRU)",
    17: "the AMX tile configuration",
    18: "the AMX tiles",
    19: "the APX registers r16 to r31",
}


def component_name(bit: int) -> str:
    """What a component holds, for people (Intel SDM volume 1, 13.1)."""
    return _NAMES.get(bit, f"XSAVE component {bit}")


def _extended_bits(mask: int) -> Iterator[int]:
    return (bit for bit in range(2, 63) if mask >> bit & 1)


def components() -> tuple[Component, ...]:
    """The extended components (bit 2 and up) that this machine's XCR0 enables: CPUID leaf 0xD."""
    answers = {}
    answer = ffi.new("uint32_t[4]")
    for bit in _extended_bits(lib.redrive_xgetbv()):
        lib.redrive_cpuid(0xD, bit, answer)
        answers[bit] = int(answer[0]), int(answer[1])
    return described_components(lib.redrive_xgetbv(), answers)


def described_components(enabled: int, answers: Mapping[int, tuple[int, int]]) -> tuple[Component, ...]:
    """The extended components of a machine: its XCR0, and (eax, ebx) of CPUID leaf 0xD by subleaf."""
    sizes_and_offsets = ((bit, answers.get(bit, (0, 0))) for bit in _extended_bits(enabled))
    return tuple(Component(bit, offset, size) for bit, (size, offset) in sizes_and_offsets if size)


def states_in_use(xstate: bytes) -> int:
    """XSTATE_BV: a clear bit says that the component is in its initial configuration."""
    value: int = struct.unpack_from("<Q", xstate, LEGACY_SIZE)[0]
    return value


def with_sse_in_use(xstate: bytes) -> bytes:
    """The same values, with the XMM registers marked as in use: what a program's own XSAVE then shows of that stays.

    While they are in their initial configuration, a context switch may set their bit of XINUSE and nothing tells when
    (Intel SDM volume 1, 13.6: whether it is set then is up to the processor; Xeons do so).  An FXSAVE area has no bits.
    """
    in_use = states_in_use(xstate) if len(xstate) > LEGACY_SIZE else _SSE
    if in_use & _SSE:
        return xstate
    return xstate[:LEGACY_SIZE] + struct.pack("<Q", in_use | _SSE) + xstate[LEGACY_SIZE + 8 :]


def contents(xstate: bytes, parts: Sequence[Component]) -> bytes:
    """The values of all vector and floating point registers: two equal results mean the same state to a program.

    A component that is not marked in use is in its initial configuration whatever bytes are shown for it, and whether
    one that holds just that is marked is up to the processor (Intel SDM volume 1, 13.6): both read the same here.
    MXCSR_MASK is left out, as it says what the CPU supports, and so are the legacy area's software bytes, and the
    address and opcode of the last x87 instruction (FOP, FIP, FDP): CPUs keep them always, for exceptions only
    (CPUID.7.0:EBX.FDP_EXCPTN_ONLY) or, AMD's, save them only while one is pending (APM volume 2, 11.4.4).
    """
    in_use = states_in_use(xstate)
    legacy = xstate[:6] if in_use & _X87 else _X87_INITIAL
    found = [legacy, xstate[24:28]]
    found.append(xstate[32:160] if in_use & _X87 else bytes(128))
    found.append(xstate[160:416] if in_use & _SSE else bytes(256))
    for part in parts:
        end = part.offset + part.size
        shown = end <= len(xstate) and in_use >> part.bit & 1
        found.append(xstate[part.offset : end] if shown else bytes(part.size))
    return b"".join(found)


def fitted(xstate: bytes, recorded: Sequence[Component], own: Sequence[Component], example: bytes) -> bytes:
    """A recorded XSAVE area as this machine's: CPUs place the components differently (AMD's AVX-512 and PKRU).

    ``recorded`` and ``own`` are the components of the two machines, and ``example`` is any area of this machine's.
    Raises ValueError when the recording uses state that this machine's CPU does not have.
    """
    if tuple(recorded) == tuple(own) and len(xstate) == len(example):
        return xstate
    area = bytearray(len(example))
    area[:LEGACY_SIZE] = xstate[:LEGACY_SIZE]
    area[_XCR0_OFFSET : _XCR0_OFFSET + 8] = example[_XCR0_OFFSET : _XCR0_OFFSET + 8]
    # XSTATE_BV alone of the header: XCOMP_BV is 0 in the standard format, and the rest is reserved.
    area[LEGACY_SIZE : LEGACY_SIZE + 8] = xstate[LEGACY_SIZE : LEGACY_SIZE + 8]
    sources, targets = ({component.bit: component for component in parts} for parts in (recorded, own))
    for bit in _extended_bits(states_in_use(xstate)):
        target, source = targets.get(bit), sources.get(bit)
        if target is None:
            raise ValueError(f"the recording uses {component_name(bit)}, which this machine's CPU does not have")
        if source is None or source.offset + source.size > len(xstate):
            raise ValueError(f"the trace's header does not say where it keeps {component_name(bit)}")
        if source.size != target.size:
            raise ValueError(f"{component_name(bit)} of the recording CPU differ in size from those of this one")
        area[target.offset : target.offset + target.size] = xstate[source.offset : source.offset + source.size]
    return bytes(area)


def moved_offset(offset: int, recorded: Sequence[Component], own: Sequence[Component]) -> int | None:
    """Where this machine's XSAVE area keeps what is at an offset of a recorded one; None where it does not."""
    if offset < LEGACY_SIZE + HEADER_SIZE:
        return offset
    for source in recorded:
        if source.offset <= offset < source.offset + source.size:
            target = next((part for part in own if (part.bit, part.size) == (source.bit, source.size)), None)
            return None if target is None else target.offset + offset - source.offset
    return None
