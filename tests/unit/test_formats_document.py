"""docs/format.md: keeps step with the code, and is enough to read an archive by.

The reader below was written from the document alone and shares nothing with redrive.formats.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redrive.formats import background_writer, events, frames, header, index, outcome, stops
from tests.unit.formats_samples import HEADER, OUTCOME, every_event, syscall, write_archive

DOCUMENT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#+ (.+)\n((?:(?!#+ ).*\n)*)", DOCUMENT, re.MULTILINE))


def first_column(section: str) -> list[str]:
    """The names in backquotes that begin the rows of a section's tables."""
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize("codes", [events.EVENT_CODES, events.EFFECT_CODES], ids=["events", "effects"])
def test_every_class_is_described_with_its_code_and_its_fields_in_order(codes):
    for kind, code in codes.items():
        assert first_column(SECTIONS[f"{kind.__name__}, code {code}"]) == list(kind._fields), kind


def test_nothing_is_described_that_does_not_exist():
    described = re.findall(r"^### (\w+), code (\d+)$", DOCUMENT, re.MULTILINE)
    codes = [*events.EVENT_CODES.items(), *events.EFFECT_CODES.items()]
    assert described == [(kind.__name__, str(code)) for kind, code in codes]


def test_every_map_is_described_key_by_key():
    assert first_column(SECTIONS["HEADER"]) == list(header.Header._fields) + list(header.CpuIdentification._fields)
    assert first_column(SECTIONS["TRAILER"]) == list(outcome.Trailer._fields) + list(outcome.Outcome._fields)
    assert first_column(SECTIONS["INDEX"]) == list(index.INDEX_SHAPES)
    assert list(header.HEADER_SHAPES) == list(header.Header._fields)
    assert list(header.CPU_SHAPES) == list(header.CpuIdentification._fields)
    assert list(outcome.OUTCOME_SHAPES) == list(outcome.Outcome._fields)
    assert list(outcome.TRAILER_SHAPES) == list(outcome.Trailer._fields)


def test_every_number_of_an_enumeration_is_described():
    for section, enumeration in (
        ("Frames", frames.FrameKind),
        ("Frames", frames.FrameFlag),
        ("Stops", stops.StopKind),
        ("Stops", stops.StopRegisters),
    ):
        for one in enumeration:
            assert re.search(rf"^\| {one.value} \| {one.name}\b", SECTIONS[section], re.MULTILINE), one
    for section, field, members in (
        ("Signal, code 7", "point", events.SignalPoint),
        ("Signal, code 7", "action", events.SignalAction),
        ("Trap, code 8", "cause", events.TrapCause),
        ("Landmark, code 13", "clues", events.Clue),
    ):
        [row] = [line for line in SECTIONS[section].splitlines() if line.startswith(f"| `{field}` ")]
        assert [(int(number), name) for number, name in re.findall(r"(\d+) ([A-Z]+)", row)] == [
            (one.value, one.name) for one in members
        ]


def test_the_limits_and_the_version_are_described():
    assert f"describes format version {frames.FORMAT_VERSION}." in DOCUMENT
    assert str(frames.MAXIMUM_CONTENT) in SECTIONS["Frames"]
    assert f"longer than {background_writer.PIECE_SIZE >> 20} MiB" in SECTIONS["EVENTS frames"]
    assert f"a blob at most {frames.MAXIMUM_BLOB >> 20} MiB" in SECTIONS["Frames"]
    assert zlib.crc32(b"123456789") == 0xCBF43926


HEAD = struct.Struct("<4sBBHIIIQII")


class PlainReader:
    """What docs/format.md says, as shortly as it can be said.  Every assertion is one of its sentences."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.events: list[list[Any]] = []
        self.blobs: dict[bytes, bytes] = {}
        self.maps: dict[int, Any] = {}
        self.offsets: dict[int, int] = {}
        self.event_offsets: list[tuple[int, int]] = []
        magic, version, checksum = struct.unpack_from("<8sII", self.data)
        assert (magic, version, checksum) == (b"\x89REDRIVE", 2, zlib.crc32(self.data[:12]))
        offset = 16
        pieces = b""
        while 5 not in self.maps:
            sync, kind, flags, zero, stored_size, size, count, first, crc, head_crc = HEAD.unpack_from(
                self.data, offset
            )
            assert (sync, zero, head_crc) == (b"\xf5RDF", 0, zlib.crc32(self.data[offset : offset + 32]))
            stored = self.data[offset + 36 : offset + 36 + stored_size]
            assert zlib.crc32(stored) == crc
            content = zstandard.ZstdDecompressor().decompress(stored[32:] if kind == 3 else stored)
            assert len(content) == size <= 64 << 20
            if kind == 2:
                assert first == len(self.events)
                if not pieces:
                    self.event_offsets.append((first, offset))
                pieces += content
                if not flags & 2:
                    unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", max_buffer_size=0)
                    unpacker.feed(pieces)
                    self.events += unpacker
                    pieces = b""
                assert len(self.events) == first + count
            elif kind == 3:
                assert hashlib.sha256(content).digest() == stored[:32]
                assert stored[:32] not in self.blobs
                self.blobs[stored[:32]] = content
                self.offsets.setdefault(-len(self.blobs), offset)
            else:
                assert kind in (1, 4, 5)
                self.maps[kind] = msgpack.unpackb(content, unicode_errors="surrogateescape")
                self.offsets[kind] = offset
            offset += 36 + stored_size
        footer = self.data[offset:]
        assert struct.unpack("<QQ4sI", footer) == (
            self.offsets[4],
            self.offsets[5],
            b"\xf5RDE",
            zlib.crc32(footer[:20]),
        )


def as_lists(value: Any) -> Any:
    """Events and effects as the document shows them."""
    if isinstance(value, tuple):
        fields = [as_lists(field) for field in value]
        codes: dict[type, int] = {**events.EVENT_CODES, **events.EFFECT_CODES}
        return [codes[type(value)], *fields] if type(value) in codes else fields
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(recorded=st.lists(every_event, max_size=10), blobs=st.lists(st.binary(max_size=30), unique=True, max_size=3))
def test_a_reader_written_from_the_document_reads_what_was_written(tmp_path, recorded, blobs):
    path = tmp_path / "a.redrive"
    path.unlink(missing_ok=True)
    write_archive(path, recorded, blobs=tuple(blobs))
    plain = PlainReader(path)
    assert plain.events == [as_lists(event) for event in recorded]
    assert list(plain.blobs.values()) == blobs
    found = plain.maps[1]
    assert found["command"] == list(HEADER.command)
    assert found["cpu"]["cpuid"] == [list(leaf) for leaf in HEADER.cpu.cpuid]
    assert {key: found[key] for key in ("features", "options", "start_time", "regime")} == {
        "features": HEADER.features,
        "options": HEADER.options,
        "start_time": HEADER.start_time,
        "regime": HEADER.regime,
    }
    assert plain.maps[5] == {
        "event_count": len(recorded),
        "blob_count": len(blobs),
        "outcome": OUTCOME._asdict(),
    }
    assert list(zip(plain.maps[4]["first_events"], plain.maps[4]["offsets"], strict=True)) == plain.event_offsets
    assert plain.maps[4]["digests"] == list(plain.blobs)
    assert plain.maps[4]["blob_offsets"] == [plain.offsets[-1 - number] for number in range(len(blobs))]


def test_a_reader_written_from_the_document_reads_an_event_in_pieces(tmp_path):
    path = tmp_path / "a.redrive"
    recorded = [syscall(0), syscall(1, os.urandom(1 << 20) * 40), syscall(2)]
    write_archive(path, recorded)
    assert PlainReader(path).events == [as_lists(event) for event in recorded]
