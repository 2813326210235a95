"""`redrive ps`: the recorded process tree."""

from __future__ import annotations

import click

from redrive.tools.archive_argument import archive_argument
from redrive.tools.json_option import json_option


@click.command(short_help="Show the recorded processes.")
@json_option
@archive_argument
def ps(file: str | None, as_json: bool) -> None:
    """Show the processes of a trace: pid, parent, command (indented below its parent's) and how it ended.

    With --json: a list of {pid, parent, wait_status, end, arguments}, each parent before its children; parent is null
    for the first, wait_status and end where the trace ends before the process does.
    """
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.escaping import escape_command
    from redrive.tools.process_tree import read_process_trees, walk
    from redrive.tools.wait_status import describe

    with ArchiveReader(find_archive(file)) as archive:
        processes = list(walk(read_process_trees(archive.events())))
    if as_json:
        from redrive.tools.archive_json import document, ps_json

        click.echo(document(ps_json(process for _, process in processes)))
        return
    rows = [
        (
            str(process.pid),
            "-" if process.parent is None else str(process.parent),
            "still running" if process.wait_status is None else describe(process.wait_status),
            "  " * depth + escape_command(process.arguments),
        )
        for depth, process in processes
    ]
    heading = ("PID", "PARENT", "END", "COMMAND")
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(3)]
    for pid, parent, end, command in [heading, *rows]:
        click.echo(f"{pid:>{widths[0]}}  {parent:>{widths[1]}}  {end:<{widths[2]}}  {command}")
