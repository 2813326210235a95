"""The console script.  It loads next to nothing, so that Ctrl-C ends quietly even a command that is still loading."""

from __future__ import annotations

import signal


def start() -> None:
    """Run the command line, which ends the process."""
    heeds_interrupts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeds_interrupts:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from redrive.tools.main import main

    main(heeds_interrupts=heeds_interrupts)
