"""How far a replay is, between what the replayed program writes."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TextIO

from redrive.tools.progress_line import ProgressLine

_FIRST_AFTER = 1.0
"""Seconds: a shorter replay needs no line."""


class ReplayProgress:
    """Watches a replay (redrive.replayer.watcher).

    The program's output may go to the same terminal.  A line is drawn only where that has left the cursor at the
    beginning of one, and never again once the program has sent an escape sequence: the screen is its own then.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._line = ProgressLine(after=_FIRST_AFTER, stream=stream)
        self._may_draw = True
        self._has_screen = False

    @property
    def watcher(self) -> ReplayProgress | None:
        """What to give to the replay: nothing where nobody would see it, as being told of each event costs time."""
        return self if self._line.is_on_terminal else None

    def __enter__(self) -> ReplayProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.clear()

    def progressed(self, events: int, total: int) -> None:
        """So many events of so many have been replayed."""
        if self._may_draw and self._line.is_due():
            share = f" ({100 * events // total} %)" if total else ""
            self._line.draw(f"{events} of {total} events replayed{share}")

    def echoes(self, stream: int, data: bytes) -> None:
        """The program's output is about to be written to stdout (1) or stderr (2)."""
        if not data or not os.isatty(stream):
            return
        self._line.clear()
        self._has_screen = self._has_screen or b"\x1b" in data
        self._may_draw = data.endswith(b"\n") and not self._has_screen
