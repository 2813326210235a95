"""A syscall that is many: one of its arguments chooses a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import Argument
from redrive.tracee.syscalls.syscall import Syscall, Treatment, row


class Command(NamedTuple):
    """A command: its value, its name, what follows the arguments that all commands share, and its treatment."""

    value: int
    name: str
    arguments: tuple[Argument, ...]
    treatment: Treatment
    blocks: bool
    refusal: int
    result: Callable[[int], str]


def command_row(
    value: int,
    name: str,
    *arguments: Argument,
    treatment: Treatment = Treatment.PLAIN,
    blocks: bool = False,
    refusal: int = 0,
    result: Callable[[int], str] = shown.signed64,
) -> Command:
    """One line of a multiplexer's table."""
    return Command(value, name, arguments, treatment, blocks, refusal, result)


def nothing_else(arguments: Sequence[int]) -> Syscall | None:
    """No row for a command that is not in the table."""
    return None


class CommandRows(Mapping[int, Syscall]):
    """A multiplexer's rows by command, each made when it is first asked for: a program uses few of a thousand."""

    def __init__(self, makers: Mapping[int, Callable[[], Syscall]]) -> None:
        self._makers = makers
        self._made: dict[int, Syscall] = {}

    def __getitem__(self, command: int) -> Syscall:
        made = self._made.get(command)
        if made is None:
            made = self._made[command] = self._makers[command]()
        return made

    def __iter__(self) -> Iterator[int]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __or__(self, others: CommandRows) -> CommandRows:
        return CommandRows({**self._makers, **others._makers})


@dataclass(frozen=True, slots=True)
class Choice:
    """The bits ``mask`` of argument ``index``, shifted right, are the key of a row."""

    index: int
    mask: int = 0xFFFFFFFF
    shift: int = 0

    def __call__(self, arguments: Sequence[int]) -> int:
        return (arguments[self.index] & self.mask) >> self.shift


@dataclass(frozen=True, slots=True, eq=False)
class Multiplexer:
    """``choose`` turns the arguments into the key of a row; ``otherwise`` finds a row for keys that have none."""

    number: int
    name: str
    choose: Callable[[Sequence[int]], int]
    rows: Mapping[int, Syscall]
    otherwise: Callable[[Sequence[int]], Syscall | None] = nothing_else

    def find(self, arguments: Sequence[int]) -> Syscall | None:
        """The row for these arguments; None when the table does not know the command."""
        return self.rows.get(self.choose(arguments)) or self.otherwise(arguments)


def rows_of(
    number: int,
    name: str,
    shared: tuple[Argument, ...],
    commands: Iterable[Command],
    after: tuple[Argument, ...] = (),
) -> CommandRows:
    """The rows of a multiplexer's commands.  Raises ValueError when a command is in the table twice.

    ``after`` are arguments that follow those of every command.
    """
    makers: dict[int, Callable[[], Syscall]] = {}
    for each in commands:
        if each.value in makers:
            raise ValueError(f"{name}: command {each.value:#x} is in the table twice ({each.name})")
        makers[each.value] = partial(
            row,
            number,
            name,
            *shared,
            *each.arguments,
            *after,
            treatment=each.treatment,
            blocks=each.blocks,
            refusal=each.refusal,
            command=each.name,
            result=each.result,
        )
    return CommandRows(makers)
