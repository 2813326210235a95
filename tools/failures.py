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


def explain(error: Exception) -> int:
    """Say in the user's words what went wrong; returns the exit status.

    What is no error of the user's or the machine's is one of Redrive's own, and said to be.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return ExitStatus.USAGE
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "redrive"
        say(f"{error.format_message().rstrip('.')} (`{command} --help` shows what it takes)")
        return ExitStatus.USAGE
    if isinstance(error, click.Abort):
        die_of(signal.SIGINT)
    if isinstance(error, BrokenPipeError):
        die_of(signal.SIGPIPE)
    if isinstance(error, OSError):
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return ExitStatus.FAILURE
    if isinstance(error, click.ClickException):
        say(error.format_message())
        return ExitStatus.FAILURE
    return _explain_engine(error)


def _explain_engine(error: Exception) -> int:
    from redrive.formats.errors import ArchiveError
    from redrive.recorder.errors import RecordError
    from redrive.replayer.divergence import Divergence
    from redrive.replayer.errors import ReplayError
    from redrive.tracee.errors import TraceeError

    if isinstance(error, Divergence):
        say(str(error))
        return ExitStatus.DIVERGENCE
    if isinstance(error, (ArchiveError, RecordError, ReplayError, TraceeError)):
        say(str(error))
        return ExitStatus.FAILURE
    say(f"an error of Redrive's own, please report it: {type(error).__name__}: {error} (REDRIVE_DEBUG=1 shows where)")
    return ExitStatus.FAILURE
