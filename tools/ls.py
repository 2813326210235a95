"""`redrive ls`: the archives in the trace directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click

from redrive.tools.json_option import json_option


@click.command(short_help="List the archives in the trace directory.")
@json_option
def ls(as_json: bool) -> None:
    """List the archives in the trace directory, oldest first: name, size, when it began, how it ended, the command.

    With --json: a list of {name, archive, size, start_time, complete, events, wait_status, end, command, error}. One
    that cannot be read has only the first three and its error, which is null for all others.
    """
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory

    archives = list(_present(TraceDirectory(default_trace_directory()).archives()))
    if as_json:
        from redrive.tools.archive_json import document, ls_json

        click.echo(document(ls_json(archives)))
        return
    rows = [_row(path, size) for path, size in archives]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for name, size, started, ended, command in rows:
        aligned = (f"{name:<{widths[0]}}", f"{size:>{widths[1]}}", f"{started:<{widths[2]}}", f"{ended:<{widths[3]}}")
        click.echo("  ".join((*aligned, command)))


def _present(paths: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Those that are still there, and their sizes: another process may remove one while we look."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path, path.stat().st_size


def _row(path: Path, length: int) -> tuple[str, str, str, str, str]:
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.formats.errors import ArchiveError
    from redrive.tools.description import describe_end, describe_size, describe_time
    from redrive.tools.escaping import escape, escape_command

    name = escape(path.stem)
    size = describe_size(length)
    try:
        with ArchiveReader(path) as archive:
            header = archive.header
            return name, size, describe_time(header.start_time), describe_end(archive), escape_command(header.command)
    except ArchiveError as error:
        return name, size, "", "unreadable", escape(str(error).removeprefix(f"{path}: "))
