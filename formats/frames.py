"""The framing of an archive: a preamble, then frames one after the other, then a footer.

Every number is little-endian; every checksum is zlib's CRC-32.  docs/format.md has the same for other languages.
"""

from __future__ import annotations

import enum
import struct
import zlib
from typing import NamedTuple

import zstandard

from redrive.formats.errors import DamagedArchive, TruncatedArchive, UnsupportedArchive

MAGIC = b"\x89REDRIVE"
FORMAT_VERSION = 2
"""What is written."""
READABLE_VERSIONS = (1, 2)
"""2 added the Landmark event."""
SYNC = b"\xf5RDF"
FOOTER_MAGIC = b"\xf5RDE"

MAXIMUM_CONTENT = 64 << 20
"""Bytes that a frame may hold before compression."""
MAXIMUM_BLOB = 16 << 20
DIGEST_SIZE = 32
_MAXIMUM_STORED = MAXIMUM_CONTENT + (MAXIMUM_CONTENT >> 7) + 1024
"""zstd makes incompressible data longer by less than 1/256, and a BLOB has its digest as well."""
COMPRESSION_LEVEL = 3

_PREAMBLE = struct.Struct("<8sII")
_HEAD = struct.Struct("<4sBBHIIIQI")
_CHECKSUM = struct.Struct("<I")
_FOOTER = struct.Struct("<QQ4sI")
PREAMBLE_SIZE = _PREAMBLE.size
HEAD_SIZE = _HEAD.size + _CHECKSUM.size
FOOTER_SIZE = _FOOTER.size


class FrameKind(enum.IntEnum):
    """What a frame holds."""

    HEADER = 1
    EVENTS = 2
    BLOB = 3
    INDEX = 4
    TRAILER = 5


class FrameFlag(enum.IntFlag):
    """What may be done with a frame, and where it ends."""

    SKIPPABLE = 1
    """A reader that does not know the kind may pass over the frame."""
    CONTINUES = 2
    """EVENTS only: the content is a piece of one event, which the next EVENTS frame continues."""


class Frame(NamedTuple):
    """The head of one frame.  Sizes in bytes; ``first_event`` and ``event_count`` are 0 in all frames but EVENTS."""

    offset: int
    kind: int
    flags: FrameFlag
    stored_size: int
    content_size: int
    event_count: int
    first_event: int
    checksum: int

    @property
    def end(self) -> int:
        """The offset of what follows the frame."""
        return self.offset + HEAD_SIZE + self.stored_size

    @property
    def stored_offset(self) -> int:
        """The offset of the stored bytes."""
        return self.offset + HEAD_SIZE


class Footer(NamedTuple):
    """Where the last frames are; ``index_offset`` is 0 when the archive has no index."""

    index_offset: int
    trailer_offset: int


def encode_preamble() -> bytes:
    """The first 16 bytes of an archive."""
    return _with_checksum(struct.pack("<8sI", MAGIC, FORMAT_VERSION))


def decode_preamble(data: bytes) -> int:
    """The format version.  Raises DamagedArchive when this is no archive, UnsupportedArchive for another version."""
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise DamagedArchive("this is not a Redrive archive: it does not begin as one")
    if len(data) != PREAMBLE_SIZE:
        raise TruncatedArchive("the archive ends within its first 16 bytes")
    _, version, checksum = _PREAMBLE.unpack(data)
    if zlib.crc32(data[:-4]) != checksum:
        raise DamagedArchive("the first 16 bytes of the archive do not have their checksum")
    if version not in READABLE_VERSIONS:
        raise UnsupportedArchive(
            f"the archive has format version {version}; this Redrive reads versions up to {FORMAT_VERSION}"
        )
    return int(version)


def encode_frame(
    kind: FrameKind,
    content: bytes | memoryview,
    *,
    flags: FrameFlag = FrameFlag(0),  # noqa: B008, an immutable constant
    first_event: int = 0,
    event_count: int = 0,
    digest: bytes = b"",
) -> bytes:
    """One whole frame; ``digest`` is for a BLOB, whose stored bytes begin with it."""
    compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_content_size=True)
    stored = digest + compressor.compress(content)
    head = _HEAD.pack(SYNC, kind, flags, 0, len(stored), len(content), event_count, first_event, zlib.crc32(stored))
    return _with_checksum(head) + stored


def decode_head(data: bytes, offset: int) -> Frame:
    """The head of the frame at ``offset``.  Raises TruncatedArchive, or DamagedArchive when this is no frame."""
    if len(data) < HEAD_SIZE:
        raise TruncatedArchive(f"the file ends inside the head of the frame at offset {offset}")
    sync, kind, flags, reserved, stored, content, count, first, checksum = _HEAD.unpack_from(data)
    if sync != SYNC or zlib.crc32(data[: _HEAD.size]) != _CHECKSUM.unpack_from(data, _HEAD.size)[0]:
        raise DamagedArchive(f"the bytes at offset {offset} are not the head of a frame")
    if reserved or flags not in _FLAGS:
        raise UnsupportedArchive(f"the frame at offset {offset} uses what only a later format version can know")
    if kind not in _KINDS and not flags & FrameFlag.SKIPPABLE:
        raise UnsupportedArchive(f"the frame at offset {offset} is of the unknown kind {kind}")
    if content > (MAXIMUM_BLOB if kind == FrameKind.BLOB else MAXIMUM_CONTENT) or stored > _MAXIMUM_STORED:
        raise DamagedArchive(f"the frame at offset {offset} says it is larger than any frame may be")
    return Frame(offset, kind, FrameFlag(flags), stored, content, count, first, checksum)


_KINDS = frozenset(int(kind) for kind in FrameKind)
_FLAGS = range(1 + (FrameFlag.SKIPPABLE | FrameFlag.CONTINUES))


def check_stored(frame: Frame, stored: bytes) -> None:
    """Raises TruncatedArchive or DamagedArchive when these are not the frame's stored bytes."""
    if len(stored) != frame.stored_size:
        raise TruncatedArchive(f"the file ends inside the frame at offset {frame.offset}")
    if zlib.crc32(stored) != frame.checksum:
        raise DamagedArchive(f"the frame at offset {frame.offset} does not have its checksum")


def decode_content(frame: Frame, stored: bytes) -> bytes:
    """What the frame's stored bytes decompress to.  Raises as check_stored does."""
    check_stored(frame, stored)
    compressed = stored[DIGEST_SIZE:] if frame.kind == FrameKind.BLOB else stored
    try:
        # libzstd would allocate what the compressed bytes promise, so the promise is read first.
        promised = zstandard.get_frame_parameters(compressed)
        if promised.window_size > MAXIMUM_CONTENT:
            raise DamagedArchive(f"the frame at offset {frame.offset} wants more memory than any frame may")
        if promised.content_size != frame.content_size:
            raise DamagedArchive(f"the frame at offset {frame.offset} decompresses to another size than it says")
        content: bytes = zstandard.ZstdDecompressor().decompress(compressed, max_output_size=frame.content_size)
    except (zstandard.ZstdError, MemoryError) as error:
        raise DamagedArchive(f"the frame at offset {frame.offset} cannot be decompressed: {error}") from error
    if len(content) != frame.content_size:
        raise DamagedArchive(f"the frame at offset {frame.offset} decompresses to another size than it says")
    return content


def encode_footer(footer: Footer) -> bytes:
    """The last 24 bytes of a closed archive."""
    return _with_checksum(struct.pack("<QQ4s", *footer, FOOTER_MAGIC))


def decode_footer(data: bytes) -> Footer | None:
    """The footer, or None when these bytes are none: the recorder did not come to write it."""
    if len(data) != FOOTER_SIZE or zlib.crc32(data[:-4]) != _CHECKSUM.unpack(data[-4:])[0]:
        return None
    index_offset, trailer_offset, magic, _ = _FOOTER.unpack(data)
    return Footer(index_offset, trailer_offset) if magic == FOOTER_MAGIC else None


def _with_checksum(data: bytes) -> bytes:
    return data + _CHECKSUM.pack(zlib.crc32(data))
