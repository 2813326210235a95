"""The FILE argument of all commands that read an archive."""

from __future__ import annotations

from pathlib import Path

import click

archive_argument = click.argument("file", required=False, metavar="[FILE]")
"""A path, or a name that `redrive ls` shows; left out, it is the latest archive."""


def find_archive(file: str | None) -> Path:
    """The archive that FILE means.  Raises NoSuchTrace."""
    from redrive.formats.trace_directory import LATEST, TraceDirectory, default_trace_directory

    return TraceDirectory(default_trace_directory()).resolve(None if file == LATEST else file)
