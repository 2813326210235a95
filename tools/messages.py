"""Redrive's own words: few, on stderr, and marked as its own."""

from __future__ import annotations

import click

from redrive.tools.escaping import escape_lines


def say(text: str) -> None:
    """Print ``text`` to stderr after `redrive: `; control characters in it are escaped, line ends are not."""
    click.echo(f"redrive: {escape_lines(text)}", err=True)
