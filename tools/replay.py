"""`redrive replay`: run a recorded run again."""

from __future__ import annotations

import sys

import click

from redrive.tools.archive_argument import archive_argument, find_archive
from redrive.tools.debugging import log_stops
from redrive.tools.failures import ExitStatus
from redrive.tools.messages import say
from redrive.tools.replay_progress import ReplayProgress


@click.command(short_help="Run a recorded run again, exactly.")
@click.option("-q", "--quiet", is_flag=True, help="Do not write the recorded output again.")
@archive_argument
def replay(file: str | None, quiet: bool) -> None:
    """Run a trace again, instruction for instruction, and write its output again.

    Exits with 0 when the end was reached exactly as recorded, with 3 at a divergence. No syscall of the program runs.
    """
    from redrive.replayer.replay import replay as replay_trace

    log_stops()
    with ReplayProgress() as progress:
        result = replay_trace(find_archive(file), quiet=quiet, watcher=progress.watcher)
    say(f"{result.events} events replayed exactly")
    if not result.complete:
        say(f"the trace ends early: {result.reason}")
    if result.unwritten:
        say(result.unwritten)
        sys.exit(ExitStatus.FAILURE)
