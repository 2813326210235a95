"""Where a jump that replaces one instruction can lead, so that no byte of the next instruction changes.

A jmp takes five bytes.  Where the instruction is shorter, the jump's distance ends in bytes of what follows, which stay
as they are: so they decide the upper part of the distance, and free memory must happen to lie where it leads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redrive.tracee.instruction import Instruction, Kind
from redrive.tracee.mappings import PAGE, USER_END, Mapping, page_ceiling, page_floor

JUMP_LENGTH = 5
ROOM = 16 * PAGE
"""Bytes of free memory that a landing has from its page's start on."""
_JMP = 0xE9
_PREFIX = 0x2E
"""A cs override, which a jmp ignores in 64-bit mode (Intel SDM volume 1, 3.3.7.1)."""
_LOWEST = 0x1_0000
"""vm.mmap_min_addr's usual value."""
_STACK_RESERVE = 0x400_0000
"""A stack grows by faults: this much below one is left alone."""
_REACH = 2**31 - 2 * ROOM


@dataclass(frozen=True)
class Landing:
    """``jump`` is written over the start of an instruction, and leads to ``address``.

    With the bytes of what follows that it ends in, it is ``length`` bytes long.
    """

    jump: bytes
    address: int
    length: int


def find_landing(
    instruction: Instruction, address: int, following: bytes, mappings: Sequence[Mapping]
) -> Landing | None:
    """A landing for the instruction at an address; ``following`` are the four bytes behind it, or as many as there are.

    None when the instruction cannot be run elsewhere, when programs read its bytes as data, or when no free memory is
    where a jump could lead.
    """
    if instruction.kind not in (Kind.ORDINARY, Kind.RELATIVE_JUMP):
        return None
    gaps = list(_gaps(mappings))
    for prefixes in range(instruction.length - 1):
        own = min(instruction.length - 1 - prefixes, JUMP_LENGTH - 1)
        head = bytes((_PREFIX,)) * prefixes + bytes((_JMP,))
        fixed = following[: 4 - own]
        if len(fixed) < 4 - own:
            continue
        place = _place(address + len(head) + 4, own, fixed, gaps)
        if place is None or instruction.relocated(address, place) is None:
            continue
        distance = struct.pack("<i", place - address - len(head) - 4)
        return Landing(head + distance[:own], place, len(head) + 4)
    return None


def _gaps(mappings: Sequence[Mapping]) -> Iterator[tuple[int, int]]:
    """Free ranges, without the pages that border on mappings."""
    start = _LOWEST
    for mapping in mappings:
        reserve = _STACK_RESERVE if mapping.name.startswith(b"[stack") else PAGE
        end = mapping.start - reserve
        if end - start >= ROOM:
            yield start, end
        start = max(start, mapping.end + PAGE)
    if USER_END - start >= ROOM:
        yield start, USER_END


def _place(origin: int, own: int, fixed: bytes, gaps: Sequence[tuple[int, int]]) -> int | None:
    """An address in a gap that a distance from ``origin`` with the fixed upper bytes reaches."""
    if own == 4:
        return _nearest(origin, gaps)
    lowest = origin + int.from_bytes(bytes(own) + fixed, "little", signed=True)
    highest = lowest + (1 << 8 * own) - 1
    for start, end in gaps:
        place = max(lowest, start)
        if place <= highest and page_floor(place) >= start and page_floor(place) + ROOM <= end:
            return place
        place = page_ceiling(place)
        if lowest <= place <= highest and place + ROOM <= end:
            return place
    return None


def _nearest(origin: int, gaps: Sequence[tuple[int, int]]) -> int | None:
    places = [max(start, min(page_floor(origin), end - ROOM)) for start, end in gaps]
    near = [page_floor(place) for place in places if abs(place - origin) < _REACH]
    return min(near, key=lambda place: abs(place - origin), default=None)
