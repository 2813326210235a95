"""The command line as tests ask it: arguments in, exit status and words out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """How a command ended and what it printed; ``stderr`` is the program's words, then Redrive's own."""

    status: int
    stdout: str
    stderr: str


Ask = Callable[..., Answer]
