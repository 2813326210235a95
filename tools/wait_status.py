"""How a process ended: what wait(2) reports, in words and as an end of our own."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from typing import NoReturn


def describe(status: int) -> str:
    """`exit 1`, `killed by SIGSEGV (core dumped)`; a status that no ended process has as the number it is."""
    if not 0 <= status <= 0xFFFF:
        return f"wait status {status:#x}"
    if os.WIFSIGNALED(status):
        core = " (core dumped)" if os.WCOREDUMP(status) else ""
        return f"killed by {signal_name(os.WTERMSIG(status))}{core}"
    if os.WIFEXITED(status):
        return f"exit {os.WEXITSTATUS(status)}"
    return f"wait status {status:#x}"


def signal_name(number: int) -> str:
    """`SIGTERM`; `SIGRTMIN+3` for what has no name of its own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        real_time = signal.SIGRTMIN < number < signal.SIGRTMAX
        return f"SIGRTMIN+{number - signal.SIGRTMIN}" if real_time else f"signal {number}"


def end_like(status: int) -> NoReturn:
    """End this process as the one with wait status ``status`` ended."""
    sys.stdout.flush()
    if os.WIFSIGNALED(status):
        die_of(os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


def die_of(number: int) -> NoReturn:
    """Be killed by a signal, leaving no core file of our own; 128 + number where the signal does not kill."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):  # SIGKILL, and the two real-time signals that glibc keeps to itself.
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)
