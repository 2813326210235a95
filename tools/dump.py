"""`redrive dump`: the events of a trace, readable or as JSON."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from redrive.tools.archive_argument import archive_argument
from redrive.tools.messages import say

if TYPE_CHECKING:
    from redrive.formats.events import Event
    from redrive.formats.followed_archive import FollowedArchive

_SECONDS_BETWEEN_LOOKS = 0.1
"""For events that have come; a recorder writes every quarter of a second."""


@click.command(short_help="Show the events of a trace.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with everything an event holds.")
@click.option("--stops", is_flag=True, help="Show the raw ptrace-stops too, with all registers.")
@click.option("--from", "first", type=click.IntRange(0), default=0, metavar="N", help="Begin with event N.")
@click.option("--to", "last", type=click.IntRange(0), metavar="N", help="End with event N.")
@click.option("--task", "tasks", type=int, multiple=True, metavar="TID", help="Only this task's events (repeatable).")
@click.option("--syscall", "syscalls", multiple=True, metavar="NAME", help="Only this syscall (repeatable).")
@click.option("-f", "--follow", is_flag=True, help="Go on as events come, until the recording of FILE ends.")
@archive_argument
def dump(
    file: str | None,
    as_json: bool,
    stops: bool,
    first: int,
    last: int | None,
    tasks: tuple[int, ...],
    syscalls: tuple[str, ...],
    follow: bool,
) -> None:
    """Show the events of a trace, one a line: number, task, what happened."""
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.formats.errors import DamagedArchive
    from redrive.formats.followed_archive import FollowedArchive
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.event_selection import EventSelection, numbers_of

    if as_json and stops:
        raise click.UsageError("--json shows the stops already; leave --stops out")
    try:
        selection = EventSelection(first, last, frozenset(tasks), numbers_of(syscalls))
    except KeyError as error:
        raise click.BadParameter(f"there is no syscall {error}", param_hint="--syscall") from error
    lines_of = _json_lines() if as_json else _text_lines(stops)
    path = find_archive(file)
    with contextlib.ExitStack() as open_archives:
        if follow:
            events = _follow(open_archives.enter_context(FollowedArchive(path)), first)
        else:
            events = open_archives.enter_context(ArchiveReader(path)).events(first)
        for number, event in selection.of(events):
            try:
                for line in lines_of(number, event):
                    click.echo(line)
            except DamagedArchive as error:  # Raw stops are decoded only here.
                raise DamagedArchive(f"{path}: event {number}: {error}") from error


def _follow(archive: FollowedArchive, first: int) -> Iterator[tuple[int, Event]]:
    yield from archive.events(first, lambda: time.sleep(_SECONDS_BETWEEN_LOOKS))
    if archive.outcome is None:
        say(f"{archive.path} was not closed, and nobody writes it any more: these are all events that are in it")


def _json_lines() -> Callable[[int, Event], Iterator[str]]:
    from redrive.tools.event_json import event_json

    def lines(number: int, event: Event) -> Iterator[str]:
        yield event_json(number, event)

    return lines


def _text_lines(with_stops: bool) -> Callable[[int, Event], Iterator[str]]:
    from redrive.tools.event_text import EventText, stop_lines

    text = EventText()

    def lines(number: int, event: Event) -> Iterator[str]:
        yield f"{number:>6} {event.task:>7} {text.line(event)}"
        if with_stops:
            yield from (f"{'':15}{line}" for line in stop_lines(event))

    return lines
