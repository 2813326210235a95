"""Signals that are sent to the recorder's own pid by someone who means the program: passed on to it.

Natively that pid would be the program's.  What the terminal sends, and what is sent to the whole process group, has
reached the program itself, and is not sent twice.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.tracee.monotonic import monotonic

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

RELAYED = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
"""SIGTERM and SIGHUP end the recording."""
_SI_USER, _SI_QUEUE = 0, -1
_GRACE = 0.1
"""Seconds in which a signal to the group reaches the program too, and its stop is seen."""


class RelayedSignals(threading.Thread):
    """A thread that takes the recorder's RELAYED signals.

    To be entered by the thread that records, which blocks them, while they are ignored: left over ones vanish.
    """

    def __init__(self, recording: Recording) -> None:
        super().__init__(name="relayed-signals", daemon=True)
        self._recording = recording
        self._ending = False

    def __enter__(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, RELAYED)
        self.start()

    def __exit__(self, *failure: object) -> None:
        self._ending = True
        assert self.ident is not None
        signal.pthread_kill(self.ident, min(RELAYED))
        self.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def run(self) -> None:
        """Until it is left."""
        while True:
            came = signal.sigwaitinfo(RELAYED)
            if self._ending:
                return
            if came.si_code in (_SI_USER, _SI_QUEUE):
                self._relay(came.si_signo, monotonic())

    def _relay(self, number: int, at: float) -> None:
        time.sleep(_GRACE)
        recording = self._recording
        # One that is pending still has no second beside it: signal(7).  An ended program's pid may be another's.
        if recording.latest_signals.get(number, 0) < at - _GRACE and recording.main_status is None:
            with suppress(ProcessLookupError):
                os.kill(recording.main_tid, number)
