"""What a trace comes to hold that may be nobody's business, counted so that it can be said before it is shared."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

_NETWORK = frozenset({socket.AF_INET, socket.AF_INET6})


@dataclass
class Contents:
    """Counts of one recording.  What is mapped, of the program and its libraries, is not among ``files``."""

    files: int = 0
    """How often one was opened."""
    sockets: int = 0
    """Those of the internet families: what comes in by them is in the trace."""
    terminal: bool = False
    """Whether standard input is a terminal, so that what is typed is in the trace."""

    def look_at_input(self) -> None:
        """To be called before the program starts."""
        self.terminal = os.isatty(0)

    def socket_made(self, family: int) -> None:
        """socket(2) has succeeded."""
        self.sockets += family in _NETWORK

    def summary(self) -> dict[str, int]:
        """For the archive's trailer, by the names of docs/format.md."""
        return {"files_opened": self.files, "network_sockets": self.sockets, "terminal_input": int(self.terminal)}
