"""The XSAVE area as NT_X86_XSTATE shows it: standard format (Intel SDM volume 1, 13.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from redrive.tracee._native import ffi, lib

LEGACY_SIZE = 512
HEADER_SIZE = 64
_XCR0_OFFSET = 464
"""The kernel keeps XCR0 in the software-reserved bytes of the legacy area (arch/x86/include/asm/user.h)."""
_MXCSR_DEFAULT = 0x1F80
_FCW_DEFAULT = 0x37F


@dataclass(frozen=True)
class Component:
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


def normalised(xstate: bytes, parts: tuple[Component, ...]) -> bytes:
    """The same state without what only the CPU's own bookkeeping shows.

    Whether a component in its initial configuration is marked in use (XINUSE) is up to the processor (Intel
    SDM volume 1, 13.6), so components that hold only zeros count as not in use.
    """
    area = bytearray(xstate)
    in_use = states_in_use(xstate)
    for part in parts:
        end = part.offset + part.size
        if end <= len(area) and not any(area[part.offset : end]):
            in_use &= ~(1 << part.bit)
    if not any(area[160:416]):
        in_use &= ~2
    if area[0:2] == _FCW_DEFAULT.to_bytes(2, "little") and not any(area[2:24]) and not any(area[32:160]):
        in_use &= ~1
    struct.pack_into("<Q", area, LEGACY_SIZE, in_use)
    return bytes(area)


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
