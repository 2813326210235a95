"""How far the reading of a large archive is."""

from __future__ import annotations

from typing import TextIO

from redrive.tools.progress_line import LONG_WORK, ProgressLine


class WorkProgress(ProgressLine):
    """Draws how much of some work is done, until it leaves its ``with``."""

    def __init__(self, done: str, stream: TextIO | None = None) -> None:
        """``done`` is what has been done to a part of the archive: "checked"."""
        super().__init__(after=LONG_WORK, stream=stream)
        self._done = done

    def progressed(self, part: int, whole: int) -> None:
        """redrive.formats.progress.Progressed."""
        if self.is_due():
            self.draw(f"{100 * part // max(whole, 1)} % {self._done}")
