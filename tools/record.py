"""`redrive record`: run a command and keep the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from redrive.tools.debugging import log_stops
from redrive.tools.messages import say
from redrive.tools.recording_options import complete_command, read_options, recording_options
from redrive.tools.wait_status import end_like

if TYPE_CHECKING:
    from redrive.formats.trace_directory import TraceDirectory
    from redrive.recorder.record import RecordResult


@click.command(
    short_help="Run a command and record it.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the archive here.")
@click.option("--verify", is_flag=True, help="Replay at once; exits with 3 when the replay diverges.")
@click.option(
    "--keep",
    type=click.Choice(["always", "on-failure"]),
    default="always",
    help="on-failure: remove the archive when CMD exits with 0.",
)
@click.option(
    "--on-full",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    help="When the archive can grow no more: let CMD run on, unrecorded (the default), or kill it.",
)
@recording_options
@click.argument("command", nargs=-1, required=True, metavar="[--] CMD...", shell_complete=complete_command)
def record(
    output: Path | None, verify: bool, keep: str, on_full: str, command: tuple[str, ...], **recording: Any
) -> None:
    """Run CMD as it would run by itself, and record it and all processes it starts.

    Exits as CMD did, or dies by the same signal.

    On a full disk, or at --max-size, what was recorded until then is kept, and CMD runs on: the work it does may be
    worth more than the rest of its recording.
    """
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory
    from redrive.recorder.errors import CannotStart, RecordError
    from redrive.recorder.options import OnFull
    from redrive.recorder.record import record as run_recorded

    log_stops()
    options = read_options(**recording)._replace(on_full=OnFull(on_full))
    directory = TraceDirectory(default_trace_directory())

    def run(path: Path) -> RecordResult:
        try:
            return run_recorded(command, path, options)
        except RecordError as error:
            if not isinstance(error, CannotStart) and path.exists():
                _name_latest(directory, path)
            raise

    try:
        result = run(output) if output is not None else directory.create(os.fsencode(command[0]), run)
    except CannotStart as error:
        say(str(error))
        sys.exit(error.status)
    dropped = keep == "on-failure" and result.wait_status == 0
    if verify or not dropped:
        _name_latest(directory, result.path)
    for note in result.notes:
        say(note)
    if options.chaos_seed is not None:
        say(f"the seed of this chaos was {options.chaos_seed}")
    if not dropped:
        say(f"{result.events} events in {result.path}")
    if verify:
        from redrive.formats.event_frames import LARGE_EVENTS
        from redrive.tools.replay_check import check_replay

        # Its maker can be trusted.
        os.environ[LARGE_EVENTS] = "1"
        # A divergence leaves the archive where it is, whatever CMD exited with.
        check_replay(result.path)
    if dropped:
        directory.remove(str(result.path.absolute()))
        say(f"{result.events} events, not kept: the command exited with 0")
    end_like(result.wait_status)


def _name_latest(directory: TraceDirectory, path: Path) -> None:
    """Make an archive the latest; that it cannot be is no reason to end otherwise than CMD did."""
    from redrive.formats.errors import ArchiveError

    try:
        directory.set_latest(path)
    except ArchiveError as error:
        say(str(error))
