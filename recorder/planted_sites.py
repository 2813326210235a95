"""The addresses in one address space at which an instruction that faults stands for another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redrive.tracee._native import ffi


class PlantedSites:
    """They never change, so that forked children may have the same; ``native`` is them as an array of uint64_t."""

    def __init__(self, addresses: Iterable[int] = ()) -> None:
        self.addresses = frozenset(addresses)
        self.native: Any = ffi.new("uint64_t[]", sorted(self.addresses))

    def __len__(self) -> int:
        return len(self.addresses)

    def __contains__(self, address: int) -> bool:
        return address in self.addresses

    def and_more(self, addresses: Iterable[int]) -> PlantedSites:
        """These, and some more."""
        return PlantedSites(self.addresses.union(addresses))


NOWHERE = PlantedSites()
