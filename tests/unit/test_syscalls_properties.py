"""Whatever a tracee passes, the table answers with sane extents and printable lines."""

from __future__ import annotations

import errno

from hypothesis import given, settings
from hypothesis import strategies as st

from redrive.tracee.syscalls import MemoryFault, Syscall, find, render, table, unknown_render
from redrive.tracee.syscalls.syscall import MOST_ON_FAULT, MOST_TRANSFERRED, TASK_SIZE

NUMBERS = sorted({*table.SINGLE, *table.MULTIPLEXED})
ROWS: list[Syscall] = list(table.SINGLE.values())
for multiplexer in table.MULTIPLEXED.values():
    ROWS += multiplexer.rows.values()

WORDS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 300),
    st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**47 - 4096, 2**47, 2**63, 2**64 - 1, 0x10000, 0x7FFFFFFFE000]),
)
ARGUMENTS = st.lists(WORDS, min_size=6, max_size=6)
RESULTS = st.one_of(
    st.integers(0, 5000), st.sampled_from([0, -errno.EFAULT, -errno.EINTR, -512, -516, 2**31 - 1, 2**63 - 1])
)


class Noise:
    """Memory that holds the same few bytes again and again, or faults at some addresses."""

    def __init__(self, pattern: bytes, faults: int) -> None:
        self.pattern = pattern
        self.faults = faults

    def read(self, address: int, length: int) -> bytes:
        assert 0 <= length < 1 << 25, "unreasonably much is read"
        if self.faults and address >> 4 & self.faults:
            raise MemoryFault(address)
        return (self.pattern * (length // len(self.pattern) + 1))[:length]


MEMORY = st.builds(Noise, st.binary(min_size=1, max_size=40), st.sampled_from([0, 0, 1, 3]))


@settings(max_examples=1500)
@given(st.sampled_from(ROWS), ARGUMENTS, RESULTS, MEMORY)
def test_extents_are_sane(row: Syscall, arguments: list[int], result: int, memory: Noise) -> None:
    for address, length in row.outputs(arguments, result, memory):
        assert address > 0
        assert 0 < length <= (MOST_TRANSFERRED if result >= 0 else MOST_ON_FAULT)
        assert address + length <= TASK_SIZE


@settings(max_examples=800)
@given(st.sampled_from(ROWS), ARGUMENTS, st.one_of(RESULTS, st.none()), MEMORY)
def test_lines_are_printable(row: Syscall, arguments: list[int], result: int | None, memory: Noise) -> None:
    inputs = row.inputs(arguments, memory)
    for index, data in inputs:
        assert arguments[index]
        assert len(data) <= 2 * 4096
    line = render(row, arguments, result, inputs)
    assert line.startswith(f"{row.name}(")
    assert line.isascii() and line.isprintable()
    assert row.command in line


@settings(max_examples=300)
@given(st.sampled_from(NUMBERS), ARGUMENTS)
def test_finding_never_fails(number: int, arguments: list[int]) -> None:
    row = find(number, arguments)
    assert row is None or row.number == number
    assert row is find(number, arguments)


@given(st.integers(-1, 2**32), ARGUMENTS, st.one_of(RESULTS, st.none()))
def test_unknown_calls_are_printable(number: int, arguments: list[int], result: int | None) -> None:
    line = unknown_render(number, arguments, result)
    assert line.isascii() and line.isprintable()
    assert hex(arguments[5]) in line


@settings(max_examples=500)
@given(st.sampled_from([row for row in ROWS if row.plain_outputs]), ARGUMENTS, st.integers(0, 4000))
def test_the_shortcut_says_the_same(row: Syscall, arguments: list[int], result: int) -> None:
    """plain_outputs and outputs() agree where addresses are in user space and there is room for the result."""
    arguments = [0x100000 + index * 0x10000 for index in range(6)]
    assert row.plain_outputs is not None
    quick = [(arguments[index], result if length < 0 else length) for index, length in row.plain_outputs]
    assert row.outputs(arguments, result, Noise(b"x", 0)) == [extent for extent in quick if extent[1]]
