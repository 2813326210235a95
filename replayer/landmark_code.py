"""The code that a replayed task runs each time it comes to a landmark's instruction: is this the recorded time?

It compares word after word and traps when all are equal; else it runs the instruction it stands in for and goes back.
It changes no register, no flag and no memory of the program's, and uses no stack: a word is compared by adding the
negative of its recorded value to it with lea, and testing rcx for zero with jrcxz, neither of which touches flags.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from redrive.tracee import registers as regs
from redrive.tracee.instruction import Instruction
from redrive.tracee.landing import JUMP_LENGTH
from redrive.tracee.mappings import PAGE, page_ceiling, page_floor
from redrive.tracee.xstate import Component

CODE_LENGTH = 9 * PAGE
"""Bytes from the landing's page on; DATA_LENGTH bytes of the code's own data follow."""
DATA_LENGTH = 5 * PAGE
WORDS_AT_MOST = 320
"""So many words are compared by the code at most: 100 bytes each leave room."""

_RCX, _RDX, _RAX, _XMM, _XSAVE = 8, 16, 24, 64, 128
"""Where in the data what is kept."""
_NUMBERS = {
    **{"rax": 0, "rcx": 1, "rdx": 2, "rbx": 3, "rsp": 4, "rbp": 5, "rsi": 6, "rdi": 7},
    **{f"r{number}": number for number in range(8, 16)},
}
_FIRST_XMM = 160
_INT32 = range(-(2**31), 2**31)
_MASK = 2**64 - 1


class Word(NamedTuple):
    """Eight bytes that must have a value.  ``place`` is a register's name, an address, or an offset in the xstate."""

    place: str | int
    value: int
    in_xstate: bool = False


@dataclass
class LandmarkCode:
    """Code for the instruction at an address, to be put at ``landing``.

    It also runs those behind it that are in ``overlaid``, and goes back behind them.
    """

    instruction: Instruction
    address: int
    landing: int
    overlaid: Sequence[Instruction] = ()
    code: bytearray = field(default_factory=bytearray)
    trap: int = 0
    """Where the task stops, behind the trap's instruction, when all words are equal."""
    resume: int = 0
    """Where it goes on from there, when it was not the time after all."""

    @property
    def data(self) -> int:
        """The address of the code's data."""
        return page_floor(self.landing) + CODE_LENGTH

    def assemble(self, words: Sequence[Word], *, components: Sequence[Component]) -> None:
        """Fill ``code`` anew; ``components`` are those of the XSAVE area, none where there is no xsave."""
        self.code.clear()
        self._store(_RCX, "rcx")
        saved = False
        failures = []
        for index, word in enumerate(words):
            if word.in_xstate and not _is_legacy_xmm(word) and not saved:
                self._save_vectors(words, components)
                saved = True
            self._difference(word)
            if index == 0:
                # Over the way that is taken nearly always, so that it has no jump of its own.
                self.code += b"\xe3\x00"
                first = len(self.code)
                self._leave()
                self.code[first - 1 : first] = struct.pack("<b", len(self.code) - first)
            else:
                self.code += b"\xe3\x05\xe9\0\0\0\0"
                failures.append(len(self.code))
        self._load("rcx", _RCX)
        self.code += b"\xcc"
        self.trap = self._here
        failed = len(self.code)
        for failure in failures:
            struct.pack_into("<i", self.code, failure - 4, failed - failure)
        self._leave()
        if len(self.code) > CODE_LENGTH - PAGE:
            raise ValueError("more words than a landmark's code has room for")

    @property
    def _here(self) -> int:
        return self.landing + len(self.code)

    def _leave(self) -> None:
        """Put rcx back, run the displaced instruction and those behind it, and go on."""
        self._load("rcx", _RCX)
        self.resume = self._here
        address = self.address
        for instruction in (self.instruction, *self.overlaid):
            displaced = instruction.relocated(address, self._here)
            assert displaced is not None, "a landing is chosen for what can be relocated to it"
            self.code += displaced
            address += instruction.length
        distance = address - self._here - JUMP_LENGTH
        self.code += b"\xe9" + struct.pack("<i", distance)

    def _difference(self, word: Word) -> None:
        """rcx = the word - its recorded value."""
        negative = _signed(-word.value)
        if isinstance(word.place, str):
            if word.place == "rcx":
                self._load("rcx", _RCX)
            if negative in _INT32:
                self._add("rcx", word.place, negative)
            elif word.place == "rcx":
                self._add_wide(negative)
            else:
                self._immediate("rcx", negative)
                self._sum(word.place)
            return
        if not word.in_xstate:
            self._load_memory(word.place)
        elif _is_legacy_xmm(word):
            number = (word.place - _FIRST_XMM) // 16
            # movups %xmmN, data(%rip)
            self._data_instruction((b"\x44" if number >= 8 else b"") + b"\x0f\x11", number & 7, _XMM)
            self._load("rcx", _XMM + word.place % 16)
        else:
            self._load("rcx", _XSAVE + word.place)
        if negative in _INT32:
            self._add("rcx", "rcx", negative)
        else:
            self._add_wide(negative)

    def _save_vectors(self, words: Sequence[Word], components: Sequence[Component]) -> None:
        if not components:
            self._data_instruction(b"\x48\x0f\xae", 0, _XSAVE)  # fxsave64
            return
        self._store(_RAX, "rax")
        self._store(_RDX, "rdx")
        # Just the components that are compared, as each takes its time; bit 0 is the x87.
        offsets = [word.place for word in words if word.in_xstate and isinstance(word.place, int)]
        bits = int(any(offset < _FIRST_XMM for offset in offsets))
        for part in components:
            if any(part.offset <= offset < part.offset + part.size for offset in offsets):
                bits |= 1 << part.bit
        self.code += b"\xb8" + struct.pack("<I", bits & 0xFFFF_FFFF) + b"\xba" + struct.pack("<I", bits >> 32)
        self._data_instruction(b"\x48\x0f\xae", 4, _XSAVE)  # xsave64
        self._load("rax", _RAX)
        self._load("rdx", _RDX)

    def _add_wide(self, value: int) -> None:
        """rcx += value, by way of rdx."""
        self._store(_RDX, "rdx")
        self._immediate("rdx", value)
        self._sum("rdx")
        self._load("rdx", _RDX)

    def _load_memory(self, address: int) -> None:
        distance = address - (self._here + 7)
        if distance in _INT32:
            self.code += b"\x48\x8b\x0d" + struct.pack("<i", distance)
        else:
            self._immediate("rcx", address)
            self.code += b"\x48\x8b\x09"  # mov (%rcx), %rcx

    def _store(self, offset: int, register: str) -> None:
        self._data_instruction(b"\x48\x89", _NUMBERS[register], offset)

    def _load(self, register: str, offset: int) -> None:
        self._data_instruction(b"\x48\x8b", _NUMBERS[register], offset)

    def _data_instruction(self, opcode: bytes, register: int, offset: int) -> None:
        """An instruction with a register and the data at an offset, by its distance from rip."""
        head = opcode + bytes((register << 3 | 5,))
        self.code += head + struct.pack("<i", self.data + offset - (self._here + len(head) + 4))

    def _immediate(self, register: str, value: int) -> None:
        self.code += bytes((0x48, 0xB8 + _NUMBERS[register])) + struct.pack("<Q", value & _MASK)

    def _add(self, target: str, source: str, value: int) -> None:
        """lea value(source), target; target is one of the first eight registers."""
        number = _NUMBERS[source]
        rex = 0x48 | number >> 3
        self.code += bytes((rex, 0x8D, 0x80 | _NUMBERS[target] << 3 | number & 7))
        if number & 7 == 4:
            self.code += b"\x24"
        self.code += struct.pack("<i", value)

    def _sum(self, other: str) -> None:
        """lea (other, rcx), rcx."""
        number = _NUMBERS[other]
        self.code += bytes((0x48 | number >> 3, 0x8D, 0x4C, 1 << 3 | number & 7, 0))


def _is_legacy_xmm(word: Word) -> bool:
    return word.in_xstate and isinstance(word.place, int) and _FIRST_XMM <= word.place < 416


def _signed(value: int) -> int:
    value &= _MASK
    return value - 2**64 if value >> 63 else value


def word_at(data: bytes, offset: int) -> int:
    """Eight little-endian bytes as a number."""
    return int.from_bytes(data[offset : offset + 8], "little")


GENERAL = tuple(name for name in _NUMBERS if name in regs.OFFSETS)
"""The registers that the code can compare."""

assert page_ceiling(CODE_LENGTH + DATA_LENGTH) <= 16 * PAGE
