"""The processes of a trace: who started whom, what each ran and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from redrive.formats.events import Clone, Event, Exec, Exit
from redrive.tools.escaping import shorten_command

CLONE_THREAD = 0x00010000
"""clone(2): the child is a thread of its parent's process, no process of its own."""


LONGEST_COMMAND = 1 << 16
"""Bytes of a command that are kept and shown."""
_ROOM_FOR_ARGUMENTS, _LONGEST_WITHOUT_ROOM = 64 << 20, 256
"""Bytes of all commands that are kept so; of those beyond, less is."""
_OVERHEAD = 48
"""Bytes that an argument takes besides its own."""


@dataclass(slots=True)
class Process:
    """One recorded process.  ``arguments`` are those of its latest exec, inherited until it has one of its own.

    Very long ones are cut short, with `...` as the last one.
    """

    pid: int
    parent: int | None
    arguments: tuple[bytes, ...]
    wait_status: int | None = None
    """None when the trace ends before the process does."""
    children: list[Process] = field(default_factory=list)


def read_process_trees(events: Iterable[tuple[int, Event]]) -> list[Process]:
    """The first processes of a trace, with their descendants below them.

    A pid may come twice, where the kernel gave it out again after its process had ended.
    """
    roots: list[Process] = []
    alive: dict[int, Process] = {}
    room = _ROOM_FOR_ARGUMENTS
    for _, event in events:
        if isinstance(event, Exec):
            arguments = shorten_command(event.arguments, LONGEST_COMMAND if room > 0 else _LONGEST_WITHOUT_ROOM)
            room -= sum(len(argument) + _OVERHEAD for argument in arguments)
            process = alive.get(event.task)
            if process is None:
                process = alive[event.task] = Process(event.task, None, arguments)
                roots.append(process)
            process.arguments = arguments
        elif isinstance(event, Clone) and not event.flags & CLONE_THREAD:
            parent = alive.get(event.task)
            child = Process(event.child, event.task, parent.arguments if parent else ())
            alive[event.child] = child
            (parent.children if parent else roots).append(child)
        elif isinstance(event, Exit) and event.task in alive:
            alive.pop(event.task).wait_status = event.status
    return roots


DEEPEST = 40
"""Processes further down count as so deep: indented, a long chain of forks would take its square of memory."""


def walk(processes: Iterable[Process]) -> Iterator[tuple[int, Process]]:
    """(depth, process) of all, each parent directly before its children."""
    waiting = [(0, process) for process in processes][::-1]
    while waiting:
        depth, process = waiting.pop()
        yield min(depth, DEEPEST), process
        waiting += [(depth + 1, child) for child in reversed(process.children)]
