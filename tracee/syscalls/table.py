"""All rows by number, and the one that fits a syscall's arguments."""

from __future__ import annotations

from collections.abc import Sequence

from redrive.tracee.syscalls import (
    address_space,
    bpfs,
    clocks,
    fcntls,
    files,
    filesystem,
    futexes,
    ioctls,
    ipc,
    kernel,
    keyctls,
    network,
    polling,
    prctls,
    processes,
    quotactls,
    signals,
)
from redrive.tracee.syscalls.multiplexer import Multiplexer
from redrive.tracee.syscalls.syscall import Syscall

_LAST = 471
_GAP = range(337, 424)
"""Numbers that x86-64 leaves out so that newer syscalls have the same number on all machines."""


def _joined() -> tuple[dict[int, Syscall], dict[int, Multiplexer]]:
    """Every number's row or multiplexer.  Raises ValueError for a number that is there twice or not at all."""
    plain: dict[int, Syscall] = {}
    multiplexed: dict[int, Multiplexer] = {}
    for family in (
        address_space,
        clocks,
        files,
        filesystem,
        futexes,
        ipc,
        kernel,
        network,
        polling,
        processes,
        signals,
    ):
        for each in family.ROWS:
            if each.number in plain:
                raise ValueError(f"syscall {each.number} is in the table twice: {plain[each.number].name}, {each.name}")
            plain[each.number] = each
    for commands in (address_space, bpfs, fcntls, futexes, ioctls, ipc, kernel, keyctls, network, prctls, quotactls):
        for multiplexer in commands.MULTIPLEXERS:
            if multiplexer.number in plain or multiplexer.number in multiplexed:
                raise ValueError(f"syscall {multiplexer.number} is in the table twice: {multiplexer.name}")
            multiplexed[multiplexer.number] = multiplexer
    expected = set(range(_LAST + 1)) - set(_GAP)
    if plain.keys() | multiplexed.keys() != expected:
        wrong = sorted((plain.keys() | multiplexed.keys()) ^ expected)
        raise ValueError(f"the table of syscalls lacks numbers, or has too many: {wrong}")
    return plain, multiplexed


SINGLE, MULTIPLEXED = _joined()
"""By number: the rows of syscalls that are one thing, and the multiplexers."""


def find(number: int, arguments: Sequence[int]) -> Syscall | None:
    """The row of a syscall; None when the table does not know the number, or the command in the arguments.

    ``arguments`` are the six registers as unsigned 64-bit numbers.
    """
    found = SINGLE.get(number)
    if found is not None:
        return found
    multiplexer = MULTIPLEXED.get(number)
    return None if multiplexer is None else multiplexer.find(arguments)


def name_of(number: int) -> str:
    """The syscall's name; "syscall_N" when the table does not know the number."""
    found = SINGLE.get(number) or MULTIPLEXED.get(number)
    return f"syscall_{number}" if found is None else found.name
