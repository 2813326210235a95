"""The options of all commands that record: how the recorded program runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from redrive.recorder.options import RecordOptions

_OPTIONS = (
    click.option("--aslr", is_flag=True, help="Keep address space randomisation on."),
    click.option("--portable", is_flag=True, help="Show the program no CPU feature beyond x86-64-v2."),
)


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options, as keyword arguments for ``read_options``."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def read_options(*, aslr: bool, portable: bool) -> RecordOptions:
    """What the options say."""
    from redrive.recorder.options import RecordOptions

    return RecordOptions(randomize_addresses=aslr, portable=portable)
