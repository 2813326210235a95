"""The command line: `redrive COMMAND`, one file of this folder per command."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import traceback

import click

from redrive.tools.debugging import hide_tracebacks, wanted
from redrive.tools.failures import ExitStatus, explain
from redrive.tools.standard_descriptors import hold_standard_descriptors, leave
from redrive.tools.wait_status import die_of

COMMANDS = ("record", "hunt", "replay", "info", "ps", "dump", "verify", "repair", "pack", "ls", "rm", "doctor", "man")


class Commands(click.Group):
    """Commands that are imported when they are named: `redrive --help` must not wait for the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"redrive.tools.{cmd_name}"), cmd_name)
        return command


def print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print Redrive's version and leave."""
    if wanted and not ctx.resilient_parsing:
        from redrive.formats.version import VERSION

        click.echo(f"redrive {VERSION}")
        ctx.exit()


EPILOG = """\b
Exit status: 0    success
             1    failure
             2    wrong usage
             3    a replay that went another way than the recording
             125  `hunt` could not record
             else `record` ends as CMD did, also by its signal

\b
Environment: REDRIVE_TRACE_DIR  where archives are kept
             XDG_DATA_HOME      else in redrive/ there; XDG_CACHE_HOME likewise
             REDRIVE_LARGE_EVENTS  1: read events that take much memory
             REDRIVE_DEBUG      1: tracebacks, and each ptrace-stop, to stderr;
                                a path: the stops are appended to that file
             NO_COLOR           no colours

\b
Completion:  eval "$(_REDRIVE_COMPLETE=bash_source redrive)" in ~/.bashrc, or
             zsh_source in ~/.zshrc; for fish
             _REDRIVE_COMPLETE=fish_source redrive | source
"""


@click.command(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Show it.")
@click.pass_context
def redrive(ctx: click.Context) -> None:
    """Record a run of a Linux program into one file, and replay it exactly.

    Archives are kept in $REDRIVE_TRACE_DIR, or in $XDG_DATA_HOME/redrive. Where FILE is left out, the latest is meant.
    """
    # As no-color.org has it: an empty one is none.
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if ctx.invoked_subcommand is None:
        # Said here, as click's own answer goes to stdout with status 0 before 8.2.
        click.echo(ctx.get_help(), err=True)
        ctx.exit(ExitStatus.USAGE)


_ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000


def main(*, heeds_interrupts: bool = False) -> None:
    """The console script.  Exits as redrive.tools.failures.ExitStatus says, or as the command does.

    ``heeds_interrupts``: whether SIGINT is at its default and is to raise KeyboardInterrupt meanwhile, as in Python.
    """
    hold_standard_descriptors()
    hide_tracebacks()
    # Looking for garbage among what is loaded, which all stays, would take a sixth of a short run, half of it at exit.
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    try:
        if heeds_interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        leave(_status())
    except KeyboardInterrupt:
        die_of(signal.SIGINT)


def _status() -> str | int | None:
    try:
        status: int | None = redrive.main(prog_name="redrive", standalone_mode=False)
    except Exception as error:
        if wanted():
            traceback.print_exc()
        return explain(error)
    except SystemExit as ending:
        return ending.code
    return status
