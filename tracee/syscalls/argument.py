"""An argument of a syscall, and the words that rows of the table are written in.

``row(0, "read", descriptor("fd"), out("buf", Result("count")), size("count"), blocks=True)`` reads like the
synopsis of read(2): what goes in is shown to people, what comes out is what the recorder keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.extents import Fixed, Position, Positions, Written
from redrive.tracee.syscalls.memory_protocol import Memory, MemoryFault

TEXT_LIMIT = 4096
"""PATH_MAX; longer strings are cut."""
PREVIEW_LIMIT = 64
"""So many bytes of a buffer are kept for people to look at."""
_MOST_NAMES = 256
"""Most strings are shorter: so many bytes are read first."""
SOCKET_ADDRESS_LIMIT = 128
"""sizeof(struct sockaddr_storage)."""

_WORD = 0xFFFFFFFFFFFFFFFF
_INT = 0xFFFFFFFF
_PAGE = 4096

Reader: TypeAlias = Callable[[int, Sequence[int], Memory], bytes]
"""(the pointer, all arguments, memory) to what is worth showing."""


class Given(NamedTuple):
    """What a pointer argument points at when the syscall begins.

    ``length`` is a number of bytes or the argument that counts them; None is a C string.
    ``read`` replaces both where the bytes are behind further pointers.
    """

    length: int | str | None
    limit: int
    shown: Callable[[bytes], str]
    read: Callable[[Positions], Reader] | None = None
    each: int = 1
    """The size of one item, where ``length`` counts items."""

    def bind(self, positions: Positions) -> Reader:
        """The function that reads it.  Raises KeyError when the row has no argument of that name."""
        if self.read is not None:
            return self.read(positions)
        if self.length is None:
            return read_text
        limit, each = self.limit, self.each
        if isinstance(self.length, int):
            fixed = min(self.length, limit)
            return lambda address, arguments, memory: memory.read(address, fixed)
        counted = positions[self.length]

        def read_counted(address: int, arguments: Sequence[int], memory: Memory) -> bytes:
            return memory.read(address, min((arguments[counted.place] & counted.mask) * each, limit))

        return read_counted


class Argument(NamedTuple):
    """One argument: its name in the manual page, how its value is shown, what it points at."""

    name: str
    shown: Callable[[int], str]
    mask: int = _WORD
    """The bits of the register that the kernel looks at."""
    given: Given | None = None
    written: Written | None = None
    written_on_error: bool = False
    """The kernel may write it although the call fails (or is interrupted), not only on EFAULT."""
    written_asleep: bool = False
    """The kernel may write it before the call sleeps, for other tasks to see."""
    is_command: bool = False
    """The multiplexer's command, which the row itself names."""


def positions_of(arguments: Sequence[Argument]) -> dict[str, Position]:
    """Where each named argument stands."""
    return {argument.name: Position(index, argument.mask) for index, argument in enumerate(arguments)}


def read_text(address: int, arguments: Sequence[int], memory: Memory) -> bytes:
    """A C string without its NUL, at most TEXT_LIMIT bytes.  Raises MemoryFault when none of it is mapped."""
    text = memory.read(address, min(_PAGE - address % _PAGE, _MOST_NAMES))
    while 0 not in text and len(text) < TEXT_LIMIT:
        at = address + len(text)
        try:
            text += memory.read(at, min(_PAGE - at % _PAGE, TEXT_LIMIT - len(text)))
        except MemoryFault:
            break
    return text.partition(b"\0")[0]


def integer(name: str) -> Argument:
    """An int."""
    return Argument(name, shown.signed32, _INT)


def unsigned(name: str) -> Argument:
    """An unsigned int."""
    return Argument(name, shown.unsigned32, _INT)


def long(name: str) -> Argument:
    """A long or another signed 64-bit number (off_t, ssize_t)."""
    return Argument(name, shown.signed64)


def size(name: str) -> Argument:
    """A size_t or another unsigned 64-bit number."""
    return Argument(name, shown.unsigned64)


def descriptor(name: str = "fd") -> Argument:
    """A file descriptor, perhaps AT_FDCWD."""
    return Argument(name, shown.descriptor, _INT)


def mode(name: str = "mode") -> Argument:
    """Permission bits."""
    return Argument(name, shown.octal, _INT)


def pointer(name: str) -> Argument:
    """An address whose memory is neither shown nor written: or one that has a row of its own to say so."""
    return Argument(name, shown.address)


def named(name: str, names: Callable[[int], str], mask: int = _INT) -> Argument:
    """An int that is one of a set of constants, or several ored together."""
    return Argument(name, names, mask)


def command(name: str = "cmd", modifiers: Callable[[int], str] = shown.nothing) -> Argument:
    """The argument that chooses a multiplexer's row; ``modifiers`` shows what else is in it."""
    return Argument(name, modifiers, _INT, is_command=True)


def text(name: str) -> Argument:
    """A C string that goes in."""
    return Argument(name, shown.address, given=Given(None, TEXT_LIMIT, shown.quoted))


def given(
    name: str,
    length: int | str,
    show: Callable[[bytes], str] = shown.quoted,
    limit: int = PREVIEW_LIMIT,
) -> Argument:
    """Bytes that go in: a number of them, or as many as the argument called ``length`` says."""
    return Argument(name, shown.address, given=Given(length, limit, show))


def out(name: str, written: int | Written, on_error: bool = False, asleep: bool = False) -> Argument:
    """Bytes that come out: a number of them, or an expression."""
    expression = Fixed(written) if isinstance(written, int) else written
    return Argument(name, shown.address, written=expression, written_on_error=on_error, written_asleep=asleep)


def updated(
    name: str,
    written: int | Written,
    show: Callable[[bytes], str],
    given_length: int | str | None = None,
    on_error: bool = False,
) -> Argument:
    """Bytes that go in and come out changed."""
    expression = Fixed(written) if isinstance(written, int) else written
    length = written if isinstance(written, int) else given_length
    return Argument(
        name,
        shown.address,
        given=None if length is None else Given(length, PREVIEW_LIMIT, show),
        written=expression,
        written_on_error=on_error,
    )
