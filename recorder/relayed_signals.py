"""Signals that come to the recorder itself: whether the program is meant, or the recorder, or neither.

Natively the recorder's pid would be the program's, so what is sent to that pid is passed on.  What the terminal sends,
and what is sent to the whole process group, has reached the program itself, and is not sent twice.  What the program
sends to its own group, in which the recorder is, is no business of the recorder's.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.recorder.deferred_signals import SI_QUEUE, SI_TKILL, SI_USER, STOP_SIGNALS
from redrive.tracee.monotonic import monotonic

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

ENDING = frozenset({signal.SIGTERM, signal.SIGHUP})
"""From outside, they end the recording."""
_HARMLESS = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH})
_OWN = frozenset({signal.SIGKILL, signal.SIGSEGV, signal.SIGALRM, signal.SIGPIPE, signal.SIGXFSZ})
"""Of no use to anybody here, or needed by the recorder: see scheduler and shared_traps; Python ignores the last two."""
RELAYED = frozenset(signal.valid_signals()) - ENDING - _HARMLESS - STOP_SIGNALS - _OWN
"""From outside, they are the program's."""
_SENT = frozenset({SI_USER, SI_QUEUE, SI_TKILL})
_PAUSE = 0.05
"""Seconds between two attempts to interrupt a wait."""
_GRACE = 0.1
"""Seconds in which a signal to the group reaches the program too, and its stop is seen."""


class RelayedSignals(threading.Thread):
    """A thread that takes the recorder's signals.

    To be entered by the thread that records, which blocks them.  The RELAYED are ignored meanwhile, so that left over
    ones vanish; the ENDING have a handler, which that thread runs when one is to end the recording.
    """

    def __init__(self, recording: Recording) -> None:
        super().__init__(name="relayed-signals", daemon=True)
        self._recording = recording
        self._ending = False
        self._recorder = threading.get_ident()

    def __enter__(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, RELAYED | ENDING)
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
            came = signal.sigwaitinfo(RELAYED | ENDING)
            if self._ending:
                return
            if came.si_code not in _SENT:
                self._end(came.si_signo)
            elif self._recording.has_process(came.si_pid):
                continue
            elif came.si_signo in ENDING:
                self._end(came.si_signo)
            else:
                self._relay(came.si_signo, monotonic())

    def _end(self, number: int) -> None:
        """End the recording, unless the signal is ignored (nohup(1)), or the terminal's, which the program has got.

        No other signal is taken after that: a second one must not break off how the first ends it.
        """
        if not callable(signal.getsignal(number)):
            return
        _thread.interrupt_main(signal.Signals(number))
        while not self._ending:
            # It may be waiting for a tracee, or just about to: the tick's signal interrupts that.
            signal.pthread_kill(self._recorder, signal.SIGALRM)
            time.sleep(_PAUSE)

    def _relay(self, number: int, at: float) -> None:
        time.sleep(_GRACE)
        recording = self._recording
        # One that is pending still has no second beside it: signal(7).  An ended program's pid may be another's.
        if recording.latest_signals.get(number, 0) < at - _GRACE and recording.main_status is None:
            # It may have become somebody whom the recorder may send nothing.
            with suppress(OSError):
                os.kill(recording.main_tid, number)
