"""`redrive info`: what a trace is of, where it comes from and how far it reaches."""

from __future__ import annotations

import click

from redrive.tools.archive_argument import archive_argument


@click.command(short_help="Show what was recorded, where, and how it ended.")
@click.option("--environment", is_flag=True, help="Show the recorded environment variables too.")
@archive_argument
def info(file: str | None, environment: bool) -> None:
    """Show what a trace is of, on which machine it was recorded, how far it reaches and how it ended."""
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.description import describe_archive
    from redrive.tools.escaping import escape_bytes

    path = find_archive(file)
    with ArchiveReader(path) as archive:
        for subject, text in describe_archive(path, archive):
            click.echo(f"{subject:<12} {text}")
        if environment:
            for variable in archive.header.environment:
                click.echo(escape_bytes(variable))
