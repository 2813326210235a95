"""Where in a file's code the cpuid instruction stands.

Its two bytes may also be part of another instruction, or data, so only what a decoder comes to from a function's first
byte is taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redrive.tracee.cpu import CPUID_INSTRUCTION
from redrive.tracee.elf_file import ElfFile, FunctionTable

_LONGEST = 1 << 20
"""Bytes of a function that is looked at: decoding takes a second for each megabyte."""


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
    addresses = tuple(file.find_in_code(CPUID_INSTRUCTION))
    if not addresses:
        return []
    table = FunctionTable(file)
    places = sorted({place for address in addresses if (place := table.find(address)) is not None}, key=_start)
    return [
        Function(file.offset_of(place.start), file.read(place.start, len(place)))
        for place in places
        if len(place) <= _LONGEST
    ]


def _start(place: range) -> int:
    return place.start


def decode(functions: Sequence[Function]) -> tuple[int, ...]:
    """The offsets in their file at which cpuid instructions stand in these functions, in the functions' order."""
    # Loaded when it is needed, as it takes as long as all else that a recording loads.
    import capstone

    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    return tuple(
        offset + address
        for offset, code in functions
        for address, length, mnemonic, _ in decoder.disasm_lite(code, 0)
        if mnemonic == "cpuid" and length == len(CPUID_INSTRUCTION)
    )
