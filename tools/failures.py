"""What a failed command says, and the status it exits with."""

from __future__ import annotations

import enum
import signal

import click

from redrive.tools.messages import say
from redrive.tools.wait_status import die_of


class ExitStatus(enum.IntEnum):
    """How Redrive itself ends; `redrive record` otherwise ends as the recorded command did."""

    FAILURE = 1
    USAGE = 2
    DIVERGENCE = 3
    NO_VERDICT = 125
    """A hunt that could not tell, as `git bisect run` has it."""


EXPECTED = {
    "redrive.replayer.divergence.Divergence": ExitStatus.DIVERGENCE,
    "redrive.replayer.errors.ReplayError": ExitStatus.FAILURE,
    "redrive.recorder.errors.RecordError": ExitStatus.FAILURE,
    "redrive.tracee.errors.TraceeError": ExitStatus.FAILURE,
    "redrive.tracee.eras.EraError": ExitStatus.FAILURE,
    "redrive.formats.errors.ArchiveError": ExitStatus.FAILURE,
}
"""The errors whose message is for the user.  By name, as importing the classes would import the engine each time."""


def explain(error: Exception) -> int:
    """Say in the user's words what went wrong; returns the exit status.

    What is no error of the user's or the machine's is one of Redrive's own, and said to be.
    """
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "redrive"
        say(f"{error.format_message().rstrip('.')} (`{command} --help` shows what it takes)")
        return ExitStatus.USAGE
    if isinstance(error, click.Abort):
        die_of(signal.SIGINT)
    if isinstance(error, OSError):
        say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
        return ExitStatus.FAILURE
    if isinstance(error, click.ClickException):
        say(error.format_message())
        return ExitStatus.FAILURE
    for kind in type(error).__mro__:
        status = EXPECTED.get(f"{kind.__module__}.{kind.__qualname__}")
        if status is not None:
            say(str(error))
            return status
    say(f"an error of Redrive's own, please report it: {type(error).__name__}: {error} (REDRIVE_DEBUG=1 shows where)")
    return ExitStatus.FAILURE
