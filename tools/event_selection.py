"""Which events `redrive dump` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from redrive.formats.events import Event, Syscall, SyscallEntry, SyscallExit

NUMBERS = range(1024)
"""More than Linux has; those that the table does not know go by the name of syscall_N."""


@dataclass(frozen=True)
class EventSelection:
    """Events from ``first`` to ``last`` (None: the end) of these tasks and these syscalls; an empty set means all."""

    first: int
    last: int | None
    tasks: frozenset[int]
    syscalls: frozenset[int]

    def of(self, events: Iterable[tuple[int, Event]]) -> Iterator[tuple[int, Event]]:
        """The chosen ones among ``events``, which begin with ``first``; reads no further than ``last``."""
        if self.last is not None and self.last < self.first:
            return
        for number, event in events:
            if self._is_chosen(event):
                yield number, event
            if number == self.last:
                return

    def _is_chosen(self, event: Event) -> bool:
        if self.tasks and event.task not in self.tasks:
            return False
        return not self.syscalls or self._is_chosen_syscall(event)

    def _is_chosen_syscall(self, event: Event) -> bool:
        return isinstance(event, Syscall | SyscallEntry | SyscallExit) and event.number in self.syscalls


def numbers_of(names: Iterable[str]) -> frozenset[int]:
    """The numbers of syscalls, by name.  Raises KeyError with the first name that no syscall has."""
    wanted = list(names)
    if not wanted:
        return frozenset()
    from redrive.tracee.syscalls import name_of

    numbers = {name_of(number): number for number in NUMBERS}
    return frozenset(numbers[name] for name in wanted)
