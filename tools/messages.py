"""Redrive's own words: few, on stderr, and marked as its own."""

from __future__ import annotations

import contextlib

import click

from redrive.tools.escaping import escape_lines


def say(text: str) -> None:
    """Print ``text`` to stderr after `redrive: `; control characters in it are escaped, line ends are not."""
    with contextlib.suppress(OSError):  # A stderr that is full or has no reader must not change how a command ends.
        click.echo(f"redrive: {escape_lines(text)}", err=True)
