"""The XSAVE area as NT_X86_XSTATE shows it: standard format (Intel SDM volume 1, 13.4)."""

from __future__ import annotations

import struct
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


def components() -> tuple[Component, ...]:
    """The extended components (bit 2 and up) that this machine's XCR0 enables: CPUID leaf 0xD."""
    enabled = lib.redrive_xgetbv()
    found = []
    answer = ffi.new("uint32_t[4]")
    for bit in range(2, 63):
        if enabled >> bit & 1:
            lib.redrive_cpuid(0xD, bit, answer)
            found.append(Component(bit, int(answer[1]), int(answer[0])))
    return tuple(found)


def states_in_use(xstate: bytes) -> int:
    """XSTATE_BV: a clear bit says that the component is in its initial configuration."""
    value: int = struct.unpack_from("<Q", xstate, LEGACY_SIZE)[0]
    return value


def contents(xstate: bytes, parts: tuple[Component, ...]) -> bytes:
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


def fitted(xstate: bytes, own: bytes) -> bytes:
    """A recorded XSAVE area in this machine's size, ``own`` being any area of this machine's.

    Raises ValueError when the recording uses state this machine's CPU does not have.
    """
    if len(xstate) == len(own):
        return xstate
    supported: int = struct.unpack_from("<Q", own, _XCR0_OFFSET)[0]
    if states_in_use(xstate) & ~supported:
        raise ValueError("the recording uses CPU state (XSAVE components) that this machine does not have")
    area = bytearray(len(own))
    shared = min(len(own), len(xstate))
    area[:shared] = xstate[:shared]
    area[_XCR0_OFFSET : _XCR0_OFFSET + 8] = own[_XCR0_OFFSET : _XCR0_OFFSET + 8]
    return bytes(area)
