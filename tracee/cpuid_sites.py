"""Where in a file's code the cpuid instruction stands.

Its two bytes may also be part of another instruction, or data, in a function too.  So only that is taken for one which
a decoder comes to along the ways that the code can go: from a function's first byte on, past calls and conditional
jumps, and to the targets of jumps that name them.  What lies behind an instruction that Capstone does not know, or is
reached by a table alone, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from redrive.tracee.cpu import CPUID_INSTRUCTION
from redrive.tracee.elf_file import ElfFile, FunctionTable

if TYPE_CHECKING:
    from capstone import Cs

_MOST_LOOKED_AT = 4096
"""Occurrences of the two bytes: a file with more of them, each in another function, holds something else than code."""
_LONGEST = 1 << 20
_MOST_CODE = 4 << 20
"""Bytes of one function, and of all, that are looked at: decoding takes a second for each megabyte."""
_ROW = 16 * 15
"""Bytes of sixteen of the longest instructions."""
_ENDS_WAY = frozenset({"ret", "retf", "jmp", "ljmp", "ud2", "hlt", "iretq"})


class Function(NamedTuple):
    """A function whose code has cpuid's bytes in it, and where in its file it begins."""

    offset: int
    code: bytes


def find_functions(descriptor: int) -> tuple[Function, ...]:
    """The functions of an ELF file in which a cpuid may stand, in order; none of other files."""
    try:
        return tuple(_find_functions(ElfFile(descriptor)))
    except (ValueError, OSError):
        return ()


def _find_functions(file: ElfFile) -> list[Function]:
    found: dict[int, range] = {}
    table: FunctionTable | None = None
    place: range | None = None
    looked_at = 0
    for address in file.find_in_code(CPUID_INSTRUCTION):
        if place is not None and address in place:
            continue
        looked_at += 1
        if looked_at > _MOST_LOOKED_AT:
            return []
        table = table or FunctionTable(file)
        place = table.find(address)
        if place is not None and len(place) <= _LONGEST:
            found[place.start] = place
    if sum(map(len, found.values())) > _MOST_CODE:
        return []
    places = [found[start] for start in sorted(found)]
    return [Function(file.offset_of(place.start, len(place)), file.read(place.start, len(place))) for place in places]


def decode(functions: Sequence[Function]) -> tuple[int, ...]:
    """The offsets in their file at which cpuid instructions stand in these functions, in order."""
    # Loaded when it is needed, as it takes as long as all else that a recording loads.
    import capstone

    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    found = {offset + site for offset, code in functions for site in _follow(decoder, code)}
    return tuple(sorted(found))


def _follow(decoder: Cs, code: bytes) -> set[int]:
    """Where in a function cpuid is, along all ways that begin with its first byte."""
    sites: set[int] = set()
    seen: set[int] = set()
    ways = [0]
    while ways:
        for address, length, mnemonic, operands in _decoded(decoder, code, ways.pop()):
            if address in seen:
                break
            seen.add(address)
            if mnemonic == "cpuid" and length == len(CPUID_INSTRUCTION):
                sites.add(address)
            target = _target(mnemonic, operands)
            if target is not None and target < len(code):
                ways.append(target)
            if mnemonic in _ENDS_WAY:
                break
    return sites


def _decoded(decoder: Cs, code: bytes, start: int) -> Iterator[tuple[int, int, str, str]]:
    """Instructions in a row: address, length, mnemonic and operands; up to one that is not known."""
    while True:
        # Capstone decodes all that it is given before it returns the first.
        address = start
        for address, length, mnemonic, operands in decoder.disasm_lite(code[start : start + _ROW], start, _ROW // 15):
            yield address, length, mnemonic, operands
            start = address + length
        if start == address:
            return


def _target(mnemonic: str, operands: str) -> int | None:
    """Where a jump goes that says so; Capstone writes this as one hexadecimal number."""
    if not mnemonic.startswith(("j", "loop")) or not operands.startswith("0x"):
        return None
    return int(operands, 16)
