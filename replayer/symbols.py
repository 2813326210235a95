"""The symbol nearest to a place in an ELF file, read straight from the file (System V ABI, chapters 4 and 5).

The file comes from a trace, so every number in it may be wrong; what does not make sense is as good as no symbol.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_LOAD = 1
_SYMBOL_TABLES = (2, 11)
"""SHT_SYMTAB and SHT_DYNSYM."""
_FUNCTION_TYPES = (2, 10)
"""STT_FUNC and STT_GNU_IFUNC."""
_TABLE_LIMIT = 1 << 27


class Symbol(NamedTuple):
    """A function and how many bytes behind its beginning a place is."""

    name: str
    offset: int


def nearest_symbol(descriptor: int, file_offset: int) -> Symbol | None:
    """The function that a byte of an ELF file belongs to, or the last one before it; None where nothing tells."""
    try:
        return _find(descriptor, file_offset)
    except (struct.error, OSError, OverflowError):
        return None


def _read(descriptor: int, offset: int, length: int) -> bytes:
    return os.pread(descriptor, length, offset) if length <= _TABLE_LIMIT else b""


def _find(descriptor: int, file_offset: int) -> Symbol | None:
    header = _HEADER.unpack(_read(descriptor, 0, _HEADER.size))
    if not header[0].startswith(b"\x7fELF\x02\x01"):
        return None
    _, _, _, _, _, segments_offset, sections_offset, _, _, _, segment_count, _, section_count, _ = header
    address = _address_of(_read(descriptor, segments_offset, segment_count * _SEGMENT.size), file_offset)
    if address is None:
        return None
    sections = list(_SECTION.iter_unpack(_read(descriptor, sections_offset, section_count * _SECTION.size)))
    best: tuple[int, int, bytes] | None = None
    for value, name_offset, names in _functions(descriptor, sections):
        if value <= address and (best is None or value > best[0]):
            best = value, name_offset, names
    if best is None:
        return None
    value, name_offset, names = best
    name = names[name_offset : names.find(b"\0", name_offset)]
    return Symbol(name.decode("utf-8", "replace"), address - value)


def _address_of(segments: bytes, file_offset: int) -> int | None:
    for kind, _, offset, address, _, size, _, _ in _SEGMENT.iter_unpack(segments):
        if kind == _LOAD and offset <= file_offset < offset + size:
            return int(address + file_offset - offset)
    return None


def _functions(descriptor: int, sections: list[tuple[int, ...]]) -> Iterator[tuple[int, int, bytes]]:
    for _, kind, _, _, offset, size, link, *_ in sections:
        if kind not in _SYMBOL_TABLES or link >= len(sections):
            continue
        names = _read(descriptor, sections[link][4], sections[link][5])
        symbols = _read(descriptor, offset, size - size % _SYMBOL.size)
        for name_offset, info, _, section, value, _ in _SYMBOL.iter_unpack(symbols):
            if info & 15 in _FUNCTION_TYPES and section:
                yield value, name_offset, names
