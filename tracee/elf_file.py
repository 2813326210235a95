"""An ELF file's program headers and the functions in its code, by what unwinders read (.eh_frame_hdr, .eh_frame)."""

from __future__ import annotations

import os
import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_HEADER = struct.Struct("<4sBB10xHHI8xQQI2xHHHHH")
"""Magic, class, data, type, machine, version, phoff, shoff, flags, phentsize, phnum, shentsize, shnum, shstrndx:
Elf64_Ehdr of elf(5)."""
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
"""Type, flags, offset, vaddr, paddr, filesz, memsz, align: Elf64_Phdr of elf(5)."""
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
"""Name, type, flags, addr, offset, size, link, info, addralign, entsize: Elf64_Shdr."""
_CLASS_64, _LITTLE_ENDIAN, _X86_64 = 2, 1, 62
_PT_LOAD, _PT_GNU_EH_FRAME = 1, 0x6474_E550
_PF_X = 1
_MOST_HEADERS = 256
_PIECE = 4 << 20
"""Bytes of code that are looked through at a time."""
_MOST = 64 << 20
"""Bytes of a table or function that are read: web browsers have tables of some ten."""
_SEARCH_TABLE = bytes((1, 0x1B, 0x03, 0x3B))
"""Version 1; .eh_frame's place relative to this, the count as u32, a table of s32 pairs relative to the section: what
all linkers write (Linux Standard Base, Exception Frames)."""
_DESCRIPTION = struct.Struct("<IIiI")
"""An FDE: length of what follows, distance from here back to its CIE, first address relative to this field, bytes of
code; or a CIE, whose second word is 0."""
_START_FIELD = 8
_EXTENDED = 0xFFFF_FFFF
_COMMON_CIE = b"\x01zR\0\x01\x78\x10\x01\x1b"
"""What x86-64 compilers begin a CIE with: version, augmentation, factors of 1 and -8, return address in column 16, and
FDEs' addresses as s32 relative to their field."""


class Segment(NamedTuple):
    """A PT_LOAD: ``address`` of its first byte before relocation, where it lies in the file, and how many bytes."""

    address: int
    offset: int
    length: int
    executable: bool


class ElfFile:
    """An x86-64 ELF file behind a descriptor.  Raises ValueError for any other file, and for one that is cut off."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        fields = _HEADER.unpack(self._read(0, _HEADER.size))
        magic, file_class, byte_order, _, machine = fields[:5]
        if magic != b"\x7fELF" or (file_class, byte_order, machine) != (_CLASS_64, _LITTLE_ENDIAN, _X86_64):
            raise ValueError("no ELF file for x86-64")
        offset, size, count = fields[6], fields[9], fields[10]
        if size != _PROGRAM_HEADER.size or count > _MOST_HEADERS:
            raise ValueError("unknown program headers")
        headers = list(_PROGRAM_HEADER.iter_unpack(self._read(offset, size * count)))
        self.segments = tuple(
            Segment(address, offset, length, bool(flags & _PF_X))
            for kind, flags, offset, address, _, length, _, _ in headers
            if kind == _PT_LOAD
        )
        self.search_table = next((header[3] for header in headers if header[0] == _PT_GNU_EH_FRAME), 0)
        """The address of .eh_frame_hdr; 0 where there is none."""
        self._sections = fields[7], fields[11:]

    def read(self, address: int, length: int) -> bytes:
        """The bytes at an address before relocation.  Raises ValueError where the file has not all of them."""
        return self._read(self.offset_of(address, length), length)

    def find_in_code(self, pattern: bytes) -> Iterator[int]:
        """The addresses in executable segments at which these bytes are."""
        for segment in self.segments:
            if not segment.executable:
                continue
            for start in range(0, segment.length, _PIECE):
                # An occurrence may begin in one piece and end in the next.
                length = min(_PIECE + len(pattern) - 1, segment.length - start)
                for match in re.finditer(re.escape(pattern), self._read(segment.offset + start, length)):
                    yield segment.address + start + match.start()

    def offset_of(self, address: int, length: int) -> int:
        """Where in the file so many bytes from an address on are.  Raises ValueError where no segment has them all."""
        for segment in self.segments:
            start = address - segment.address
            if start >= 0 and start + length <= segment.length:
                return segment.offset + start
        raise ValueError(f"{length} bytes at {address:#x} are in no segment")

    def frame_section(self) -> tuple[int, bytes]:
        """The address and the bytes of .eh_frame; none where the file has no such section."""
        offset, (size, count, names) = self._sections
        headers = list(_SECTION_HEADER.iter_unpack(self._read(offset, _SECTION_HEADER.size * count))) if size else []
        if names < len(headers):
            strings = self._read(*headers[names][4:6])
            for name, _, _, address, place, length, *_ in headers:
                if strings.startswith(b".eh_frame\0", name):
                    return address, self._read(place, length)
        return 0, b""

    def _read(self, offset: int, length: int) -> bytes:
        # Asked for first, as a broken header may say any length, and a file may be sparse.
        fits = length <= _MOST and offset + length <= self._size
        data = os.pread(self._descriptor, length, offset) if fits else b""
        if len(data) != length:
            raise ValueError("the file ends too early")
        return data


class FunctionTable:
    """Where functions begin, and where .eh_frame describes them.  Raises ValueError for what is written differently."""

    def __init__(self, file: ElfFile) -> None:
        self._file = file
        self._origin = file.search_table
        tables = self._searchable() if self._origin else self._walked()
        self._starts: Sequence[int] = tables[0]
        self._descriptions: Sequence[int] = tables[1]

    def find(self, address: int) -> range | None:
        """The addresses of the function that this one is in."""
        index = bisect_right(self._starts, address - self._origin) - 1
        if index < 0:
            return None
        start, place = (self._origin + each[index] for each in (self._starts, self._descriptions))
        _, _, distance, length = _DESCRIPTION.unpack(self._file.read(place, _DESCRIPTION.size))
        # Where the CIE has addresses written in another way, this gives another start than the table; 64-bit ones may
        # give the same, and then the length is their upper half: 0 or nearly 4 GiB.
        if length >= _MOST or place + _START_FIELD + distance != start or address >= start + length:
            return None
        return range(start, start + length)

    def _searchable(self) -> tuple[Sequence[int], Sequence[int]]:
        """The table of .eh_frame_hdr, whose addresses are relative to it."""
        head = self._file.read(self._origin, 12)
        if head[:4] != _SEARCH_TABLE:
            raise ValueError("unknown encoding of .eh_frame_hdr")
        (count,) = struct.unpack_from("<I", head, 8)
        pairs = array("i")
        pairs.frombytes(self._file.read(self._origin + 12, 8 * count))
        return pairs[::2], pairs[1::2]

    def _walked(self) -> tuple[Sequence[int], Sequence[int]]:
        """From .eh_frame itself, as static programs have no table."""
        section, data = self._file.frame_section()
        found, known, position = [], set(), 0
        while position + _DESCRIPTION.size <= len(data):
            length, cie, distance, _ = _DESCRIPTION.unpack_from(data, position)
            if length in (0, _EXTENDED):
                break
            if cie == 0 and data.startswith(_COMMON_CIE, position + _START_FIELD):
                known.add(position)
            elif position + 4 - cie in known:
                found.append((section + position + _START_FIELD + distance, section + position))
            position += 4 + length
        found.sort()
        return [start for start, _ in found], [place for _, place in found]
