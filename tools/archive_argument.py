"""The FILE argument of all commands that read an archive."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_archive(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For a shell: the names in the trace directory, and where none begins so, the shell's own file names."""
    from redrive.formats.errors import ArchiveError
    from redrive.formats.trace_directory import LATEST, TraceDirectory, default_trace_directory

    try:
        names = [path.stem for path in TraceDirectory(default_trace_directory()).archives()]
    except ArchiveError:
        names = []
    # A shell's completion takes a line for each, and has no way to say anything else.
    found = [name for name in (*names, LATEST) if name.startswith(incomplete) and name.isprintable()]
    if found and names:
        return [CompletionItem(name) for name in found]
    return [CompletionItem(incomplete, type="file")]


archive_argument = click.argument("file", required=False, metavar="[FILE]", shell_complete=complete_archive)
"""A path, or a name that `redrive ls` shows; left out, it is the latest archive."""


def find_archive(file: str | None) -> Path:
    """The archive that FILE means.  Raises NoSuchTrace."""
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory

    return TraceDirectory(default_trace_directory()).resolve(file)
