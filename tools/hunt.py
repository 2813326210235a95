"""`redrive hunt`: record a command again and again until it fails."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from redrive.tools.debugging import log_stops
from redrive.tools.failures import ExitStatus
from redrive.tools.messages import say
from redrive.tools.recording_options import complete_command, read_options, recording_options
from redrive.tools.wait_status import die_of

if TYPE_CHECKING:
    from redrive.recorder.hunt import Tally


_COUNT = click.IntRange(min=1)


def _pattern(ctx: click.Context, parameter: click.Parameter, text: str | None) -> re.Pattern[bytes] | None:
    try:
        return None if text is None else re.compile(text.encode(errors="surrogateescape"))
    except re.error as error:
        raise click.BadParameter(f"{text} is no regular expression: {error}") from error


def _finite(ctx: click.Context, parameter: click.Parameter, seconds: float | None) -> float | None:
    if seconds is not None and not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is no number of seconds")
    return seconds


@click.command(
    short_help="Record a command again and again until it fails.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("-n", "--runs", type=_COUNT, metavar="N", help="End after N runs; else only a failure ends it.")
@click.option("-j", "--jobs", type=_COUNT, metavar="J", help="J runs at a time; one for each CPU by default.")
@click.option("--fail-if", callback=_pattern, metavar="PATTERN", help="A line of output with PATTERN is a failure too.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
    metavar="SECONDS",
    help="A longer run fails.",
)
@click.option("--keep-going", is_flag=True, help="Do not stop at the first failure.")
@recording_options
@click.argument("command", nargs=-1, required=True, metavar="[--] CMD...", shell_complete=complete_command)
def hunt(
    runs: int | None,
    jobs: int | None,
    fail_if: re.Pattern[bytes] | None,
    timeout: float | None,
    keep_going: bool,
    command: tuple[str, ...],
    **recording: Any,
) -> None:
    """Record CMD again and again until it fails, and keep only the recordings of runs that failed.

    A run has failed that exits with another status than 0, dies by a signal, writes a line with PATTERN (a regular
    expression, searched in stdout and stderr) or takes more than SECONDS. Only what failing runs wrote is shown.
    Under --chaos the first run has the given seed, and each next run one more.

    \b
    Exits with 0   when no run failed,
               1   when one did: its recording is kept,
               125 when Redrive could not record, so that nobody knows.
    So it can be given to `git bisect run`.
    """
    from redrive.formats.trace_directory import TraceDirectory, default_trace_directory
    from redrive.recorder.errors import CannotStart
    from redrive.recorder.hunt import Hunt, HuntOptions, default_jobs
    from redrive.recorder.options import OnFull
    from redrive.tools.hunt_report import HuntReport

    log_stops()
    options = HuntOptions(
        runs=runs,
        jobs=jobs or default_jobs(),
        fail_if=fail_if,
        timeout=timeout,
        keep_going=keep_going,
        # A failure whose recording ends before it would be none that was found.
        record=read_options(**recording)._replace(on_full=OnFull.STOP),
    )
    report = HuntReport(options)
    try:
        tally = Hunt(command, options, TraceDirectory(default_trace_directory()), report).run()
    except CannotStart as error:
        report.clear()
        say(str(error))
        sys.exit(error.status)
    report.summarise(tally)
    if tally.ended_by:
        die_of(tally.ended_by)
    sys.exit(_status(tally))


def _status(tally: Tally) -> int:
    from redrive.recorder.attempt import Kind

    if not tally.failures:
        return 0
    unknown = all(failure.judgement.kind is Kind.UNRECORDED for failure in tally.failures)
    return ExitStatus.NO_VERDICT if unknown else ExitStatus.FAILURE
