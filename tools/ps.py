"""`redrive ps`: the recorded process tree."""

from __future__ import annotations

import click

from redrive.tools.archive_argument import archive_argument


@click.command(short_help="Show the recorded processes.")
@archive_argument
def ps(file: str | None) -> None:
    """Show the processes of a trace: pid, parent, command (indented below its parent's) and how it ended."""
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.escaping import escape_command
    from redrive.tools.process_tree import read_process_trees, walk
    from redrive.tools.wait_status import describe

    with ArchiveReader(find_archive(file)) as archive:
        rows = [
            (
                str(process.pid),
                "-" if process.parent is None else str(process.parent),
                "still running" if process.wait_status is None else describe(process.wait_status),
                "  " * depth + escape_command(process.arguments),
            )
            for depth, process in walk(read_process_trees(archive.events()))
        ]
    heading = ("PID", "PARENT", "END", "COMMAND")
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(3)]
    for pid, parent, end, command in [heading, *rows]:
        click.echo(f"{pid:>{widths[0]}}  {parent:>{widths[1]}}  {end:<{widths[2]}}  {command}")
