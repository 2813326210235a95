"""How a recording ended: the content of the TRAILER frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from redrive.formats.codec import pack_document, unpack_document
from redrive.formats.shapes import boolean, either, integer, mapping, named_fields, nothing, number, text, unsigned


class Outcome(NamedTuple):
    """What the recorder knew at the end.

    ``complete`` says that the trace reaches the end of the last task; otherwise ``reason`` is a sentence saying why
    not, and empty when it does.  ``end_time`` is in seconds since 1970, UTC.  ``exit_status`` is the command's, as
    wait(2) gives it, or None when the command had not ended.  ``summary`` holds counts for people.
    """

    complete: bool
    reason: str
    end_time: float
    exit_status: int | None
    summary: Mapping[str, int]


class Trailer(NamedTuple):
    """An outcome, and how many events and blobs precede it."""

    event_count: int
    blob_count: int
    outcome: Outcome


class Completeness(NamedTuple):
    """How far an archive can be trusted to reach.

    ``event_count`` events can be read; ``end_offset`` is the byte after the last whole frame; ``reason`` is a
    sentence in either case.
    """

    complete: bool
    event_count: int
    end_offset: int
    reason: str


OUTCOME_SHAPES = {
    "complete": boolean,
    "reason": text,
    "end_time": number,
    "exit_status": either(nothing, integer),
    "summary": mapping(integer),
}
TRAILER_SHAPES = {
    "event_count": unsigned,
    "blob_count": unsigned,
    "outcome": named_fields(Outcome, OUTCOME_SHAPES),
}
_trailer = named_fields(Trailer, TRAILER_SHAPES)


def encode_trailer(trailer: Trailer) -> bytes:
    """The content of the TRAILER frame."""
    return pack_document({**trailer._asdict(), "outcome": trailer.outcome._asdict()})


def decode_trailer(content: bytes) -> Trailer:
    """The trailer in a TRAILER frame's content.  Raises DamagedArchive."""
    trailer: Trailer = unpack_document(content, _trailer, "trailer")
    return trailer
