"""How many items msgpack bytes hold, counted before any of them is made.

A byte of msgpack can become sixty of Python's: an empty list is one byte there, and 64 here with its place in another.
So the limits on bytes do not bound memory; this one does.  Only what is larger than the limit need be looked at.
"""

from __future__ import annotations

from redrive.formats.errors import DamagedArchive

_SIZES = [1] * 256
"""Bytes of an item by its first byte, without what it contains; 0 where a length follows (msgpack.org)."""
_SIZES[0xA0:0xC0] = range(1, 33)
_SIZES[0xC4:0xCA] = [0] * 6
_SIZES[0xCA:0xD4] = [5, 9, 2, 3, 5, 9, 2, 3, 5, 9]
_SIZES[0xD4:0xD9] = [3, 4, 6, 10, 18]
_SIZES[0xD9:0xDC] = [0] * 3
_SIZES[0xDC:0xE0] = [3, 5, 3, 5]

_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
"""Bytes of the length of bin, ext and str."""
_EXTENSIONS = (0xC7, 0xC8, 0xC9)


def check_item_count(content: bytes | bytearray, limit: int) -> None:
    """Raises DamagedArchive when there are more than ``limit`` items, those inside of others counted too."""
    size = len(content)
    if size <= limit:
        return
    sizes, position, count = _SIZES, 0, 0
    while position < size:
        first = content[position]
        position += sizes[first] or _size_with_length(content, position, first)
        count += 1
        if count > limit:
            raise DamagedArchive(f"there are more than the {limit} items that may be there")


def _size_with_length(content: bytes | bytearray, position: int, first: int) -> int:
    width = _LENGTHS[first]
    start = position + 1
    return 1 + width + int.from_bytes(content[start : start + width], "big") + (first in _EXTENSIONS)
