"""How far a replay is, between what the replayed program writes."""

from __future__ import annotations

import os
from typing import TextIO

from redrive.tools.progress_line import LONG_WORK, ProgressLine


class ReplayProgress(ProgressLine):
    """Watches a replay (redrive.replayer.watcher).

    The program's output may go to the same terminal.  A line is drawn only where that has left the cursor at the
    beginning of one, and never again once the program has sent an escape sequence: the screen is its own then.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(after=LONG_WORK, stream=stream)
        self._may_draw = True
        self._has_screen = False

    @property
    def watcher(self) -> ReplayProgress | None:
        """What to give to the replay: nothing where nobody would see it, as being told of each event costs time."""
        return self if self.is_on_terminal else None

    def progressed(self, events: int, total: int) -> None:
        """So many events of so many have been replayed."""
        if self._may_draw and self.is_due():
            share = f" ({100 * events // total} %)" if total else ""
            self.draw(f"{events} of {total} events replayed{share}")

    def echoes(self, stream: int, data: bytes) -> None:
        """The program's output is about to be written to stdout (1) or stderr (2)."""
        if not data or not os.isatty(stream):
            return
        self.clear()
        self._has_screen = self._has_screen or b"\x1b" in data
        self._may_draw = data.endswith(b"\n") and not self._has_screen
