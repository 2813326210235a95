"""Whoever wants to know how far a replay is."""

from __future__ import annotations

from typing import Protocol


class ReplayWatcher(Protocol):
    """Told of each event and of each output; it must be quick."""

    def progressed(self, events: int, total: int) -> None:
        """So many events have been replayed, of the ``total`` that can be."""

    def echoes(self, stream: int, data: bytes) -> None:
        """What the program wrote is about to be written to stdout (1) or stderr (2)."""
