"""What the table needs of a tracee's memory: to read it."""

from __future__ import annotations

from typing import Protocol


class MemoryFault(Exception):
    """Memory is not mapped at ``address``."""

    def __init__(self, address: int) -> None:
        super().__init__(f"no memory is mapped at {address:#x}")
        self.address = address


class Memory(Protocol):
    """The memory of one task."""

    def read(self, address: int, length: int) -> bytes:
        """Exactly ``length`` bytes.  Raises MemoryFault where not all are mapped."""
        ...
