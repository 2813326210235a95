"""Sizes on the command line: a number of bytes, or of KiB, MiB, GiB or TiB with the letter behind it."""

from __future__ import annotations

import re

import click

_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def read_size(ctx: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """An option's callback: `500M` in bytes."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)([kmgt]?)(?:i?b)?", text.lower())
    if found is None or not int(found[1]):
        raise click.BadParameter(f"{text} is no size (as 500M or 2G)")
    return int(found[1]) << _UNITS[found[2]]
