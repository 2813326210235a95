"""How many bytes the kernel writes at a pointer argument: a closed set of small expressions.

Every expression is computed when the syscall has returned, from its arguments, its result and the memory as it is
then.  Naming more bytes than the kernel wrote is harmless, as they are the tracee's true memory; naming fewer loses
something.  So each of them is an upper bound that is as near as is cheap.

An expression is *bound* to a row once, when the table is built: names of arguments become positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from redrive.tracee.syscalls.memory_protocol import Memory

Extent: TypeAlias = tuple[int, int]
"""(address, length) in bytes."""

Writer: TypeAlias = Callable[[int, Sequence[int], int, Memory], Iterable[Extent]]
"""(the pointer, all arguments, the result, memory) to what may have been written."""

RESULT_BYTES = -1
"""In place of a fixed length: as many bytes as the syscall's result says."""


class Position(NamedTuple):
    """Where an argument stands, and which of its register's bits the kernel looks at."""

    place: int
    mask: int


Positions: TypeAlias = Mapping[str, Position]


class Writers(NamedTuple):
    """An expression bound to a row."""

    success: Writer
    fault: Writer
    """What may have been written when the kernel met memory it could not write (EFAULT)."""
    plain: int | None
    """The length when it needs no computing: a fixed number, or RESULT_BYTES."""


class Written(Protocol):
    """An expression for what is written at a pointer."""

    def bind(self, positions: Positions) -> Writers:
        """Bind to a row.  Raises KeyError when the row has no argument of that name."""
        ...


class Fixed(NamedTuple):
    """Always ``size`` bytes."""

    size: int

    def bind(self, positions: Positions) -> Writers:
        size = self.size

        def fixed(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return ((address, size),)

        return Writers(fixed, fixed, size)


class Result(NamedTuple):
    """As many items of ``each`` bytes as the result says, but no more than ``within`` says there is room for.

    ``exact`` promises that the result never says more than there is room for.  A transfer cut short by memory that
    cannot be written may leave bytes of one page behind its result (pipes do); these are not listed.
    """

    within: str
    each: int = 1
    exact: bool = False

    def bind(self, positions: Positions) -> Writers:
        index, mask = positions[self.within]
        each = self.each

        def success(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return ((address, min(result, arguments[index] & mask) * each),)

        def fault(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return ((address, (arguments[index] & mask) * each),)

        return Writers(success, fault, RESULT_BYTES if self.exact and each == 1 else None)


class Counted(NamedTuple):
    """``each`` bytes for every ``per`` of what the argument ``by`` counts, rounded up."""

    by: str
    each: int = 1
    per: int = 1

    def bind(self, positions: Positions) -> Writers:
        index, mask = positions[self.by]
        each, per = self.each, self.per

        def counted(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return ((address, -(-(arguments[index] & mask) // per) * each),)

        return Writers(counted, counted, None)


class Pointed(NamedTuple):
    """As many pieces of ``unit`` bytes as an integer in memory says, but never more than ``limit`` bytes.

    The integer has ``width`` bytes and is ``at`` bytes behind where the argument ``by`` points.
    """

    by: str
    width: int = 4
    limit: int = 1 << 20
    at: int = 0
    unit: int = 1

    def bind(self, positions: Positions) -> Writers:
        index = positions[self.by].place
        width, limit, at, unit = self.width, self.limit, self.at, self.unit

        def pointed(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            if not arguments[index]:
                return ()
            count = int.from_bytes(memory.read(arguments[index] + at, width), "little")
            return ((address, min(count * unit, limit)),)

        return Writers(pointed, pointed, None)


class After(NamedTuple):
    """``before`` bytes, then what another expression says (a header with its payload)."""

    before: int
    then: Written

    def bind(self, positions: Positions) -> Writers:
        before = self.before
        bound = self.then.bind(positions)

        def behind(writer: Writer) -> Writer:
            def shifted(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
                return ((start, before + length) for start, length in writer(address, arguments, result, memory))

            return shifted

        return Writers(behind(bound.success), behind(bound.fault), None)


class Structure(NamedTuple):
    """A structure that points elsewhere: ``extents`` (its address, the result, memory) lists all that is written."""

    extents: Callable[[int, int, Memory], Iterable[Extent]]

    def bind(self, positions: Positions) -> Writers:
        extents = self.extents

        def structure(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
            return extents(address, result, memory)

        return Writers(structure, structure, None)


class If(NamedTuple):
    """What another expression says, but only when the argument ``named`` passes ``test``."""

    named: str
    test: Callable[[int], bool]
    then: Written

    def bind(self, positions: Positions) -> Writers:
        index, mask = positions[self.named]
        test = self.test
        bound = self.then.bind(positions)

        def only(writer: Writer) -> Writer:
            def tested(address: int, arguments: Sequence[int], result: int, memory: Memory) -> Iterable[Extent]:
                return writer(address, arguments, result, memory) if test(arguments[index] & mask) else ()

            return tested

        return Writers(only(bound.success), only(bound.fault), None)
