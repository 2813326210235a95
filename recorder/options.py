"""What a user may choose about a recording."""

from __future__ import annotations

import enum
from typing import NamedTuple


class OnFull(enum.Enum):
    """What becomes of the program when the archive is full, or cannot be written for another reason."""

    CONTINUE = "continue"
    """It runs on, unrecorded."""
    STOP = "stop"
    """It is killed, and so are all processes it has started."""


class RecordOptions(NamedTuple):
    """``randomize_addresses`` keeps ASLR on; ``portable`` shows the program no CPU feature beyond x86-64-v2.

    ``native_cpuid`` lets the program ask the CPU itself: nothing is hidden then, and its code is as in its files.
    ``cpu`` is the number of the CPU to record on, where this thread may run there; None for one that Redrive picks.
    ``chaos_seed`` is None for a fair and quiet recording; else the seed of what is done to the program (chaos.py).
    ``maximum_size`` is the most bytes that the archive may have; None for as many as there is room for.
    """

    randomize_addresses: bool = False
    portable: bool = False
    native_cpuid: bool = False
    cpu: int | None = None
    chaos_seed: int | None = None
    maximum_size: int | None = None
    on_full: OnFull = OnFull.CONTINUE
