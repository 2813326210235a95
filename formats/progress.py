"""Being told how far the reading of an archive is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progressed: TypeAlias = Callable[[int, int], None]
"""Called with (part, whole): so much of so much has been read, in whatever unit the reader says."""


def nobody_watches(part: int, whole: int) -> None:
    """For those who need not know."""
