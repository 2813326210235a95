"""The --json option of the commands that show an archive."""

from __future__ import annotations

import click

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
