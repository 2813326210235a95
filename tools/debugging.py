"""REDRIVE_DEBUG, for whoever looks for an error of Redrive's own: tracebacks, and a log of ptrace-stops.

1 writes the log to stderr, another value is the name of a file that it is appended to; empty is as if not set.
"""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType

from redrive.tools.messages import say

_TO_STDERR = "1"


def wanted() -> str:
    """The value of REDRIVE_DEBUG."""
    return os.environ.get("REDRIVE_DEBUG", "")


def log_stops() -> None:
    """Begin the log, if there is to be one: a line for each stop of a tracee.  Raises OSError for its file.

    Time in seconds (CLOCK_MONOTONIC), task, kind of stop, the syscall's number (orig_rax), rax, rip.
    """
    destination = wanted()
    if not destination:
        return
    import fcntl

    from redrive.tracee._native import lib

    if destination == _TO_STDERR:
        # A number of its own, as a hunt's runs have another stderr.
        descriptor = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3)
    else:
        descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    lib.redrive_log_stops(descriptor)


def hide_tracebacks() -> None:
    """What nobody has caught, in the main thread, in another one or in a finalizer, is said in a line at most."""
    if wanted():
        return

    def uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
        say(f"an error of Redrive's own, please report it: {kind.__name__}: {error} (REDRIVE_DEBUG=1 shows where)")

    sys.excepthook = uncaught
    threading.excepthook = lambda found: uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    # What goes wrong while an object is finalized has no consequence; at the interpreter's end there are some.
    sys.unraisablehook = lambda found: None
