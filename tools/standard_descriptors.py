"""Standard descriptors that are closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def hold_standard_descriptors() -> None:
    """Put a directory that can be neither read nor written (O_PATH) into the place of each one that is closed.

    Else the archive might get number 1, and be written to by whoever writes to stdout.  execve closes them again.
    Python has no stdout or stderr then; instead of None they become ones that lead nowhere.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open("/", os.O_PATH | os.O_CLOEXEC)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def leave(status: str | int | None) -> NoReturn:
    """Exit.  What cannot be written any more, as it is full or its reader has gone, is left out without a word.

    From here on Ctrl-C ends the process at once: no handler of Python's is there to be interrupted.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # The interpreter tries once more at its end, and would say so.
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, stream.fileno())
    sys.exit(status)
