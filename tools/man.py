"""`redrive man`: the manual page, made of what --help says."""

from __future__ import annotations

import shutil
import subprocess
import sys

import click


@click.command(short_help="Show the manual page.")
def man() -> None:
    """Show the manual page: all commands and all options, as their --help says them.

    Written to a file or a pipe it is the page's source: `redrive man > redrive.1`.
    """
    from redrive.tools.manual_page import manual_page

    group = click.get_current_context().find_root().command
    assert isinstance(group, click.Group)
    page = manual_page(group)
    reader = shutil.which("man")
    if reader is not None and sys.stdout.isatty():
        subprocess.run([reader, "-l", "-"], input=page.encode(), check=False)
    else:
        click.echo(page, nl=False)
