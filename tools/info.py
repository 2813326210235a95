"""`redrive info`: what a trace is of, where it comes from and how far it reaches."""

from __future__ import annotations

import click

from redrive.tools.archive_argument import archive_argument
from redrive.tools.json_option import json_option


@click.command(short_help="Show what was recorded, where, and how it ended.")
@click.option("--environment", is_flag=True, help="Show the recorded environment variables too.")
@json_option
@archive_argument
def info(file: str | None, environment: bool, as_json: bool) -> None:
    """Show what a trace is of, on which machine it was recorded, how far it reaches and how it ended.

    With --json: {archive, size, header, outcome, completeness, end}. The fields of header, outcome and completeness are
    those of docs/format.md; outcome is null where the recording was cut off.
    """
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.description import describe_archive
    from redrive.tools.escaping import escape_bytes

    path = find_archive(file)
    with ArchiveReader(path) as archive:
        if as_json:
            from redrive.tools.archive_json import document, info_json

            click.echo(document(info_json(path, archive, environment=environment)))
            return
        for subject, text in describe_archive(path, archive):
            click.echo(f"{subject:<12} {text}")
        if environment:
            for variable in archive.header.environment:
                click.echo(escape_bytes(variable))
