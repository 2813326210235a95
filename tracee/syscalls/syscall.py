"""One row of the table: a syscall, or one command of a multiplexed syscall."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import EFAULT, EIO

from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import Argument, Reader, positions_of
from redrive.tracee.syscalls.extents import Extent, Writer
from redrive.tracee.syscalls.memory_protocol import Memory, MemoryFault

MOST_TRANSFERRED = 0x7FFFF000
"""MAX_RW_COUNT of include/linux/fs.h: no single transfer is longer."""
_PARTLY_DONE = frozenset({-EFAULT, -EIO})
"""Errors before which memory may have been written: it ended there, or a device's transfer straight to it broke off."""
MOST_ON_FAULT = 1 << 20
"""Of a buffer that a failed call may have written in part, so many bytes are kept."""
TASK_SIZE = (1 << 47) - 4096
"""User addresses end here (arch/x86/include/asm/page_64_types.h, four-level paging)."""


class Treatment(enum.Enum):
    """How recorder and replayer deal with a syscall."""

    PLAIN = "plain"
    """It runs when recorded; replay restores its result and the memory it wrote."""
    EXECUTED = "executed"
    """It changes the address space or the set of tasks; the recorder works out the effects that replay repeats."""
    EMULATED = "emulated"
    """The recorder answers in the kernel's place, so that its own arrangements do not show."""
    REFUSED = "refused"
    """It never runs: the answer is the row's ``refusal``, an errno that makes programs take another way."""


@dataclass(frozen=True, slots=True, eq=False)
class Syscall:
    """A row.  ``command`` is a multiplexer's command ("F_GETLK"), empty for other syscalls.

    ``plain_outputs`` are (argument index, length) with length -1 for "as many bytes as the result": a shortcut for
    outputs() that holds when the result is not negative (NULL pointers and zero lengths are to be skipped); None where
    outputs() must be called.
    """

    number: int
    name: str
    arguments: tuple[Argument, ...]
    treatment: Treatment
    may_block: bool
    """It may wait for another task: the recorder must let others run meanwhile."""
    refusal: int
    """The errno of a refused syscall, else 0."""
    command: str
    plain_outputs: tuple[tuple[int, int], ...] | None
    shown_result: Callable[[int], str]
    """How a result that is no error is shown."""
    _on_success: tuple[tuple[int, Writer], ...]
    _on_fault: tuple[tuple[int, Writer], ...]
    _on_error: tuple[tuple[int, Writer], ...]
    _asleep: tuple[tuple[int, Writer], ...]
    _readers: tuple[tuple[int, Reader], ...]

    def outputs(self, arguments: Sequence[int], result: int, memory: Memory) -> list[Extent]:
        """The (address, length) extents that the kernel may have written; to be called after the syscall's exit.

        ``result`` is rax as a signed number.  Extents are inside user space and never empty; they may overlap.
        """
        if result >= 0:
            writers, limit = self._on_success, MOST_TRANSFERRED
        elif result in _PARTLY_DONE:
            writers, limit = self._on_fault, MOST_ON_FAULT
        else:
            writers, limit = self._on_error, MOST_ON_FAULT
        return self._extents(writers, limit, arguments, result, memory)

    def outputs_asleep(self, arguments: Sequence[int], memory: Memory) -> list[Extent]:
        """As outputs, of a call that sleeps: what it has written by then and other tasks may look at."""
        return self._extents(self._asleep, MOST_ON_FAULT, arguments, 0, memory) if self._asleep else []

    @staticmethod
    def _extents(
        writers: tuple[tuple[int, Writer], ...], limit: int, arguments: Sequence[int], result: int, memory: Memory
    ) -> list[Extent]:
        found: list[Extent] = []
        for index, writer in writers:
            pointer = arguments[index]
            if not pointer:
                continue
            try:
                for address, length in writer(pointer, arguments, result, memory):
                    length = min(length, limit, TASK_SIZE - address)
                    if address > 0 and length > 0:
                        found.append((address, length))
            except MemoryFault:
                continue
        return found

    def inputs(self, arguments: Sequence[int], memory: Memory) -> tuple[tuple[int, bytes], ...]:
        """(argument index, bytes) of what pointer arguments point at, for people; to be called at the entry."""
        if not self._readers:
            return ()
        found = []
        for index, read in self._readers:
            pointer = arguments[index]
            if pointer:
                try:
                    found.append((index, read(pointer, arguments, memory)))
                except MemoryFault:
                    continue
        return tuple(found)


def row(
    number: int,
    name: str,
    *arguments: Argument,
    treatment: Treatment = Treatment.PLAIN,
    blocks: bool = False,
    refusal: int = 0,
    command: str = "",
    result: Callable[[int], str] = shown.signed64,
) -> Syscall:
    """Make a row.  Naming a refusal makes it Treatment.REFUSED.

    Raises KeyError when an expression names an argument that the row does not have.
    """
    positions = positions_of(arguments)
    written = [
        (index, argument.written.bind(positions), argument)
        for index, argument in enumerate(arguments)
        if argument.written is not None
    ]
    lengths = [(index, writers.plain) for index, writers, _ in written]
    plain = tuple((index, length) for index, length in lengths if length is not None)
    return Syscall(
        number=number,
        name=name,
        arguments=arguments,
        treatment=Treatment.REFUSED if refusal else treatment,
        may_block=blocks,
        refusal=refusal,
        command=command,
        plain_outputs=plain if len(plain) == len(lengths) else None,
        shown_result=result,
        _on_success=tuple((index, writers.success) for index, writers, _ in written),
        _on_fault=tuple((index, writers.fault) for index, writers, _ in written),
        _on_error=tuple((index, writers.fault) for index, writers, argument in written if argument.written_on_error),
        _asleep=tuple((index, writers.success) for index, writers, argument in written if argument.written_asleep),
        _readers=tuple(
            (index, argument.given.bind(positions))
            for index, argument in enumerate(arguments)
            if argument.given is not None
        ),
    )
