"""`redrive rm`: remove archives."""

from __future__ import annotations

import click

from redrive.tools.archive_argument import complete_archive
from redrive.tools.messages import say


@click.command(short_help="Remove archives.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_archive)
def rm(files: tuple[str, ...]) -> None:
    """Remove archives, given as paths or as names that `redrive ls` shows; `latest` is the latest."""
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory

    directory = TraceDirectory(default_trace_directory())
    for file in files:
        say(f"removed {directory.remove(file)}")
