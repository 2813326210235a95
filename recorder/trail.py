"""What is seen of a task's code while it is stepped: instructions, and the memory that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from redrive.tracee import registers as regs
from redrive.tracee.instruction import PAUSE, Flags, Instruction, Kind, MemoryOperand

_IMMEDIATE = 8
"""Bytes at the end of a movabs."""


@dataclass
class Trail:
    """What was seen while a task was stepped."""

    xstate: bytes
    visits: dict[int, bytes] = field(default_factory=dict)
    """Instruction address: the registers at its latest visit."""
    code: set[int] = field(default_factory=set)
    """The bytes of the instructions, by address, but for what is data."""
    read: set[int] = field(default_factory=set)
    """The bytes of memory that instructions named."""
    named: dict[int, None] = field(default_factory=dict)
    """Words of memory that instructions named, in their order."""
    steps: int = 0
    undefined_flags: Flags = Flags(0)
    """Status flags that the latest instructions to write them left undefined."""
    wrote: bool = False
    """Whether an instruction wrote to memory."""
    named_before: dict[int, int] = field(default_factory=dict)
    """Instruction address: how many words had been named at its latest visit."""
    waits: bool = False
    """Whether the task goes round and round looking at the same few words, which another is to change, it seems."""

    def comes_round(self, address: int, registers: bytes) -> bool:
        """Whether nothing was written since the task was here before, and it is as it was, or named no other words."""
        if self.wrote or address not in self.visits:
            return False
        words = len(self.named)
        return self.visits[address] == registers or 0 < words == self.named_before[address]

    def remember(self, registers: bytes, address: int, instruction: Instruction) -> None:
        """The task is about to run this instruction."""
        self.steps += 1
        self.wrote |= instruction.writes
        self.undefined_flags = self.undefined_flags & ~instruction.defines_flags | instruction.undefines_flags
        self.waits |= instruction.code == PAUSE or self.comes_round(address, registers)
        self.named_before[address] = len(self.named)
        self.visits[address] = registers
        # A jump is never put over a movabs (Kind.CONSTANT), so a program may read its immediate, which is data to it.
        code_length = instruction.length - _IMMEDIATE if instruction.kind is Kind.CONSTANT else instruction.length
        self.code.update(range(address, address + code_length))
        if not instruction.memory:
            return
        values = regs.unpack(registers)
        values["rip"] += instruction.length
        for operand in instruction.memory:
            place = operand.address(values)
            self.read.update(range(place, place + min(max(operand.size, 1), 64)))
            for word in _words(operand, values):
                self.named.pop(word, None)
                self.named[word] = None

    @property
    def looks_at_code(self) -> bool:
        """Whether the program reads the code it runs: then that must not be changed."""
        return not self.code.isdisjoint(self.read)


def _words(operand: MemoryOperand, values: dict[str, int]) -> Iterator[int]:
    address = operand.address(values)
    size = min(max(operand.size, 1), 64)
    yield from range(address & ~7, address + size, 8)
