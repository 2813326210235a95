"""`redrive record`: run a command and keep the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from redrive.tools.messages import say
from redrive.tools.wait_status import end_like


@click.command(
    short_help="Run a command and record it.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the archive here.")
@click.option("--verify", is_flag=True, help="Replay at once; exits with 3 when the replay diverges.")
@click.option("--aslr", is_flag=True, help="Keep address space randomisation on.")
@click.option("--portable", is_flag=True, help="Show the program no CPU feature beyond x86-64-v3.")
@click.argument("command", nargs=-1, required=True, metavar="[--] CMD...")
def record(output: Path | None, verify: bool, aslr: bool, portable: bool, command: tuple[str, ...]) -> None:
    """Run CMD as it would run by itself, and record it and all processes it starts.

    Exits as CMD did, or dies by the same signal.
    """
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory
    from redrive.recorder.errors import CannotStart
    from redrive.recorder.options import RecordOptions
    from redrive.recorder.record import record as run_recorded

    options = RecordOptions(randomize_addresses=aslr, portable=portable)
    directory = TraceDirectory(default_trace_directory())
    try:
        if output is not None:
            result = run_recorded(command, output, options)
        else:
            result = directory.create(os.fsencode(command[0]), lambda path: run_recorded(command, path, options))
    except CannotStart as error:
        say(str(error))
        sys.exit(error.status)
    directory.set_latest(result.path)
    for note in result.notes:
        say(note)
    say(f"{result.events} events in {result.path}")
    if verify:
        from redrive.replayer.replay import replay

        replay(result.path, quiet=True)
        say("the replay was exact")
    end_like(result.wait_status)
