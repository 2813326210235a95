"""How far long work is: one line on the terminal, written again and again, and gone when something else comes."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import TextIO, TypeVar

LONG_WORK = 1.0
"""Seconds: shorter work needs no line."""
_REDRAW_EVERY = 0.1
_WIDTH_UNTOLD = 80


_Line = TypeVar("_Line", bound="ProgressLine")


class ProgressLine:
    """Nothing is drawn where stderr is no terminal, or where this process is in the terminal's background."""

    def __init__(self, *, after: float = 0.0, stream: TextIO | None = None) -> None:
        """``after``: seconds in which nothing is drawn, so that short work has no line; ``stream`` is stderr."""
        self._stream: TextIO | None = stream or sys.stderr
        self.is_on_terminal = self._stream is not None and self._stream.isatty()
        self._drawn = 0
        """Columns that stand on the terminal."""
        self._next = time.monotonic() + after

    def __enter__(self: _Line) -> _Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def is_due(self) -> bool:
        """Whether it is time to draw it: not more often than anybody reads."""
        return self.is_on_terminal and time.monotonic() >= self._next

    def draw(self, text: str) -> None:
        """``redrive: TEXT`` in place of what was drawn before; ``text`` must be printable."""
        self._next = time.monotonic() + _REDRAW_EVERY
        if self.is_on_terminal and self._is_in_foreground():
            self._write(f"redrive: {text}"[: self._columns() - 1])

    def clear(self) -> None:
        """Take it away: something else is written."""
        if self._drawn:
            self._write("")

    def _write(self, text: str) -> None:
        """Blanks wipe what was there, as not every terminal knows how to."""
        back = "" if text else "\r"
        assert self._stream is not None
        with suppress(OSError):  # It has been hung up.
            self._stream.write(f"\r{text:<{self._drawn}}{back}")
            self._stream.flush()
        self._drawn = len(text)

    def _is_in_foreground(self) -> bool:
        assert self._stream is not None
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except OSError:
            return True  # A terminal that is not the controlling one has no foreground.

    def _columns(self) -> int:
        assert self._stream is not None
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _WIDTH_UNTOLD
        except OSError:
            return _WIDTH_UNTOLD
