"""`redrive ls`: the archives in the trace directory."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="List the archives in the trace directory.")
def ls() -> None:
    """List the archives in the trace directory, oldest first: name, size, when it began, how it ended, the command."""
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory

    rows = [_row(path) for path in TraceDirectory(default_trace_directory()).archives()]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for name, size, started, ended, command in rows:
        aligned = (f"{name:<{widths[0]}}", f"{size:>{widths[1]}}", f"{started:<{widths[2]}}", f"{ended:<{widths[3]}}")
        click.echo("  ".join((*aligned, command)))


def _row(path: Path) -> tuple[str, str, str, str, str]:
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.formats.errors import ArchiveError
    from redrive.tools.description import describe_end, describe_size, describe_time
    from redrive.tools.escaping import escape, escape_command

    name = escape(path.stem)
    size = describe_size(path.stat().st_size)
    try:
        with ArchiveReader(path) as archive:
            header = archive.header
            return name, size, describe_time(header.start_time), describe_end(archive), escape_command(header.command)
    except ArchiveError as error:
        return name, size, "", "unreadable", escape(str(error).removeprefix(f"{path}: "))
