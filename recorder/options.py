"""What a user may choose about a recording."""

from __future__ import annotations

from typing import NamedTuple


class RecordOptions(NamedTuple):
    """``randomize_addresses`` keeps ASLR on; ``portable`` shows the program no CPU feature beyond x86-64-v2.

    ``cpu`` is the number of the CPU to record on, where this thread may run there; None for one that Redrive picks.
    ``chaos_seed`` is None for a fair and quiet recording; else the seed of what is done to the program (chaos.py).
    """

    randomize_addresses: bool = False
    portable: bool = False
    cpu: int | None = None
    chaos_seed: int | None = None
