"""A syscall the table does not know: the pages around its arguments are compared before and after."""

from __future__ import annotations

from collections.abc import Sequence

from redrive.tracee.mappings import PAGE, page_floor
from redrive.tracee.tracee import Tracee

PAGES_AROUND = 4
"""Pages kept from each pointer argument on, and one before it."""


def pages_around(tracee: Tracee, arguments: Sequence[int]) -> dict[int, bytes]:
    """The readable pages near whatever looks like a pointer among the arguments."""
    pages: dict[int, bytes] = {}
    for argument in arguments:
        for index in range(-1, PAGES_AROUND):
            address = page_floor(argument) + index * PAGE
            if 0 < address < 1 << 47 and address not in pages:
                data = tracee.read_available(address, PAGE)
                if len(data) == PAGE:
                    pages[address] = data
    return pages


def changes(tracee: Tracee, before: dict[int, bytes]) -> tuple[tuple[int, bytes], ...]:
    """(address, bytes) of the pages that are not what they were."""
    now = ((address, tracee.read_available(address, PAGE)) for address in before)
    return tuple((address, data) for address, data in now if data and data != before[address])
