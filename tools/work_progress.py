"""How far the reading of a large archive is."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from redrive.tools.progress_line import ProgressLine

_FIRST_AFTER = 1.0
"""Seconds: shorter work needs no line."""


class WorkProgress:
    """Draws how much of some work is done, until it leaves its ``with``."""

    def __init__(self, done: str, stream: TextIO | None = None) -> None:
        """``done`` is what has been done to a part of the archive: "checked"."""
        self._done = done
        self._line = ProgressLine(after=_FIRST_AFTER, stream=stream)

    def __enter__(self) -> WorkProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def progressed(self, part: int, whole: int) -> None:
        """So much of so much is done, in whatever unit."""
        if self._line.is_due():
            self._line.draw(f"{100 * part // max(whole, 1)} % {self._done}")

    def clear(self) -> None:
        """Something else is about to be written."""
        self._line.clear()
