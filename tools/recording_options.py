"""The options of all commands that record: how the recorded program runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from redrive.tools.size import read_size

if TYPE_CHECKING:
    from redrive.recorder.options import RecordOptions

_LARGEST_SEED = 2**62
_OPTIONS = (
    click.option("--aslr", is_flag=True, help="Keep address space randomisation on."),
    click.option("--portable", is_flag=True, help="Show the program no CPU feature beyond x86-64-v2."),
    click.option(
        "--native-cpuid", is_flag=True, help="Leave cpuid alone: for programs that check their own code in memory."
    ),
    click.option("--chaos", is_flag=True, help="Schedule at random, with short reads and writes, to bring out races."),
    click.option(
        "--max-size", callback=read_size, metavar="SIZE", help="Let the archive grow to this size at most (500M)."
    ),
    click.option(
        "--seed", type=click.IntRange(0, _LARGEST_SEED), metavar="N", help="Chaos's seed; else one is made up."
    ),
)


def complete_command(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For a shell: programs in PATH for the first word of CMD, file names for the others."""
    if ctx.params.get("command") or os.sep in incomplete or not incomplete:
        return [CompletionItem(incomplete, type="file")]
    names: set[str] = set()
    for folder in os.get_exec_path():
        with suppress(OSError):
            names.update(name for name in os.listdir(folder) if name.startswith(incomplete) and name.isprintable())
    return [CompletionItem(name) for name in sorted(names)] or [CompletionItem(incomplete, type="file")]


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options, as keyword arguments for ``read_options``."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def read_options(
    *, aslr: bool, portable: bool, native_cpuid: bool, chaos: bool, seed: int | None, max_size: int | None
) -> RecordOptions:
    """What the options say."""
    from redrive.recorder.options import RecordOptions

    if seed is not None and not chaos:
        raise click.UsageError("--seed is for --chaos", click.get_current_context())
    if portable and native_cpuid:
        raise click.UsageError("--portable hides features, and --native-cpuid shows all", click.get_current_context())
    if chaos and seed is None:
        # Short enough to be typed.
        seed = int.from_bytes(os.urandom(8), "little") % 1_000_000
    return RecordOptions(
        randomize_addresses=aslr,
        portable=portable,
        native_cpuid=native_cpuid,
        chaos_seed=seed,
        maximum_size=max_size,
    )
