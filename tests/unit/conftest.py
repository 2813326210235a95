"""What tests of redrive's parts share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.syscalls_arena import Arena


@pytest.fixture
def arena() -> Iterator[Arena]:
    """Memory that shows what a syscall has written."""
    made = Arena()
    yield made
    made.memory.close()
