"""Archives that were cut, changed or made to do harm."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest
import zstandard

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.codec import event_encoder
from redrive.formats.errors import ArchiveError, DamagedArchive, UnsupportedArchive
from redrive.formats.frames import (
    HEAD_SIZE,
    Footer,
    FrameFlag,
    FrameKind,
    encode_footer,
    encode_frame,
    encode_preamble,
)
from redrive.formats.header import encode_header
from redrive.formats.outcome import Trailer, encode_trailer
from tests.unit.formats_samples import (
    BLOBS,
    EVENTS,
    HEADER,
    OUTCOME,
    frames_of,
    syscall,
    write_several_frames,
)


@pytest.fixture
def archive(tmp_path, monkeypatch) -> Path:
    """A small closed archive of several EVENTS frames."""
    return write_several_frames(tmp_path / "a.redrive", monkeypatch)


def read_all(path: Path) -> tuple[list, list[bytes]]:
    with ArchiveReader(path) as reader:
        assert reader.header == HEADER
        events = list(reader.events())
        assert len(events) == reader.completeness.event_count
        return events, [reader.blob(digest) for digest in reader.blobs()]


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def test_cut_anywhere_the_whole_frames_before_can_be_read(archive):
    data = archive.read_bytes()
    frames = frames_of(archive)
    assert len([frame for frame in frames if frame.kind == FrameKind.EVENTS]) >= 3
    for size in range(len(data)):
        os.truncate(archive, size)
        if size < frames[0].end:
            with pytest.raises(DamagedArchive, match=str(archive)):
                ArchiveReader(archive)
            put(archive, data)
            continue
        whole = [frame for frame in frames if frame.end <= size]
        closed = whole[-1].kind == FrameKind.TRAILER
        expected = sum(frame.event_count for frame in whole)
        with ArchiveReader(archive) as reader:
            assert list(reader.events()) == list(enumerate(EVENTS))[:expected]
            assert reader.outcome == (OUTCOME if closed else None)
            assert reader.completeness.complete == closed
            assert reader.completeness.event_count == expected
            assert reader.completeness.end_offset == whole[-1].end
            assert closed or f"up to byte {whole[-1].end};" in reader.completeness.reason
        put(archive, data)


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "not closed"])
def test_a_changed_byte_anywhere_is_noticed_or_harmless(archive, change, closed):
    if not closed:
        last_events = [frame for frame in frames_of(archive) if frame.kind == FrameKind.EVENTS][-1]
        os.truncate(archive, last_events.end)
    data = archive.read_bytes()
    original = read_all(archive)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= change
        put(archive, changed)
        try:
            events, blobs = read_all(archive)
        except (DamagedArchive, UnsupportedArchive) as error:
            assert str(archive) in str(error)
            continue
        with ArchiveReader(archive) as reader:
            if reader.completeness.complete:
                assert (events, blobs) == original
            else:
                assert events == original[0][: len(events)]
                assert blobs == original[1][: len(blobs)]
                assert len(events) == len(original[0]) or "offset" in reader.completeness.reason


def test_damage_in_the_middle_is_told_after_the_events_before_it(archive):
    frames = [frame for frame in frames_of(archive) if frame.kind == FrameKind.EVENTS]
    damaged = frames[2]
    for position, cut in ((damaged.offset, None), (damaged.stored_offset, None), (damaged.offset, frames[-1].end)):
        changed = bytearray(archive.read_bytes()[:cut])
        changed[position] ^= 0xFF
        other = archive.with_name(f"{position}-{cut}")
        put(other, changed)
        with ArchiveReader(other) as reader:
            seen = []
            with pytest.raises(DamagedArchive, match=f"offset {damaged.offset}"):
                seen.extend(reader.events())
            assert seen == list(enumerate(EVENTS))[: damaged.first_event]


def test_zeros_that_a_power_failure_left_at_the_end_are_an_end(archive):
    end = [frame for frame in frames_of(archive) if frame.kind == FrameKind.EVENTS][1].end
    put(archive, archive.read_bytes()[:end] + bytes(5000))
    with ArchiveReader(archive) as reader:
        assert list(reader.events()) == list(enumerate(EVENTS))[: reader.completeness.event_count]
        assert reader.completeness.end_offset == end
        assert f"the bytes at offset {end} are not the head of a frame" in reader.completeness.reason


def test_a_last_frame_whose_bytes_never_reached_the_disk_does_not_count(archive):
    torn = [frame for frame in frames_of(archive) if frame.kind == FrameKind.EVENTS][2]
    put(archive, archive.read_bytes()[: torn.stored_offset] + bytes(torn.stored_size))
    with ArchiveReader(archive) as reader:
        assert list(reader.events()) == list(enumerate(EVENTS))[: torn.first_event]
        assert reader.completeness.end_offset == torn.offset


def head(kind: int, stored: bytes, *, content_size: int, flags: int = 0, first: int = 0, count: int = 0) -> bytes:
    """The head of a frame with right checksums and whatever else a stranger likes."""
    fields = (b"\xf5RDF", kind, flags, 0, len(stored), content_size, count, first, zlib.crc32(stored))
    data = struct.pack("<4sBBHIIIQI", *fields)
    return data + struct.pack("<I", zlib.crc32(data))


def assembled(path: Path, *frames: bytes, event_count: int = 0) -> Path:
    """A closed archive with a header, these frames, and a trailer."""
    first = encode_preamble() + encode_frame(FrameKind.HEADER, encode_header(HEADER))
    trailer = encode_frame(FrameKind.TRAILER, encode_trailer(Trailer(event_count, 0, OUTCOME)))
    body = first + b"".join(frames)
    put(path, body + trailer + encode_footer(Footer(0, len(body))))
    return path


def refused(path: Path, *frames: bytes, event_count: int = 1) -> str:
    """The message of the error that reading all of such an archive ends in."""
    with (
        pytest.raises(ArchiveError) as caught,
        ArchiveReader(assembled(path, *frames, event_count=event_count)) as reader,
    ):
        list(reader.events())
        list(map(reader.blob, reader.blobs()))
    assert type(caught.value) in (DamagedArchive, UnsupportedArchive)
    return str(caught.value)


BOMB = zstandard.ZstdCompressor().compress(bytes(1 << 20))


def test_content_of_another_size_than_declared_is_refused(tmp_path):
    for size in (0, 1, (1 << 20) - 1, (1 << 20) + 1):
        frame = head(FrameKind.EVENTS, BOMB, content_size=size, count=1) + BOMB
        assert "decompresses to another size than it says" in refused(tmp_path / "a", frame)


def test_content_without_a_declared_size_is_refused(tmp_path):
    stream = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(100))
    frame = head(FrameKind.EVENTS, stream, content_size=100, count=1) + stream
    assert "decompresses to another size than it says" in refused(tmp_path / "a", frame)


def test_frames_beyond_the_limits_are_refused_before_anything_is_allocated(tmp_path):
    for kind, size in (
        (FrameKind.EVENTS, (64 << 20) + 1),
        (FrameKind.BLOB, (16 << 20) + 1),
        (FrameKind.EVENTS, 2**32 - 1),
    ):
        frame = head(kind, BOMB, content_size=size) + BOMB
        assert "larger than any frame may be" in refused(tmp_path / "a", frame)


def test_a_window_beyond_the_limit_is_refused(tmp_path):
    # A zstd frame head: magic, descriptor (8-byte content size, no single segment), window of 2**41 bytes.
    stream = b"\x28\xb5\x2f\xfd" + b"\xc0" + bytes([31 << 3]) + struct.pack("<Q", 100) + b"\x01\x00\x00"
    frame = head(FrameKind.EVENTS, stream, content_size=100, count=1) + stream
    message = refused(tmp_path / "a", frame)
    assert "wants more memory" in message or "cannot be decompressed" in message


def test_bytes_that_are_not_zstd_are_refused(tmp_path):
    frame = head(FrameKind.EVENTS, b"garbage", content_size=7, count=1) + b"garbage"
    assert "cannot be decompressed" in refused(tmp_path / "a", frame)


def test_an_unknown_kind_is_refused_unless_it_may_be_skipped(tmp_path):
    unknown = head(77, b"?", content_size=1) + b"?"
    assert "of the unknown kind 77" in refused(tmp_path / "a", unknown)
    skippable = head(77, b"?", content_size=1, flags=FrameFlag.SKIPPABLE) + b"?"
    with ArchiveReader(assembled(tmp_path / "b", skippable)) as reader:
        assert list(reader.events()) == []
        assert reader.completeness.complete


def test_an_unknown_flag_is_refused(tmp_path):
    frame = head(FrameKind.EVENTS, BOMB, content_size=1 << 20, flags=128) + BOMB
    assert "only a later format version can know" in refused(tmp_path / "a", frame)


def test_another_format_version_is_named(tmp_path):
    path = tmp_path / "a"
    preamble = struct.pack("<8sI", b"\x89REDRIVE", 7)
    put(path, preamble + struct.pack("<I", zlib.crc32(preamble)) + bytes(100))
    with pytest.raises(UnsupportedArchive, match="format version 7; this Redrive reads versions up to 2"):
        ArchiveReader(path)


@pytest.mark.parametrize("data", [b"", b"\x89RED", b"#!/bin/sh\n", bytes(100), b"\x89REDRIVE" + bytes(100)])
def test_a_file_that_is_no_archive_is_refused(tmp_path, data):
    path = tmp_path / "a"
    put(path, data)
    with pytest.raises(DamagedArchive, match=str(path)):
        ArchiveReader(path)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "missing", "."):
        with pytest.raises(ArchiveError, match=str(tmp_path)):
            ArchiveReader(tmp_path / name)


def encoded(*numbers: int, first: int, count: int | None = None) -> bytes:
    content = b"".join(map(event_encoder(), map(syscall, numbers)))
    count = len(numbers) if count is None else count
    return encode_frame(FrameKind.EVENTS, content, first_event=first, event_count=count)


def test_events_out_of_order_missing_or_too_many_are_refused(tmp_path):
    path = tmp_path / "a"
    assert "does not begin with event 0" in refused(path, encoded(1, first=1))
    assert "does not begin with event 1" in refused(path, encoded(1, first=0), encoded(2, first=2), event_count=2)
    assert "does not begin with event 1" in refused(path, encoded(1, first=0), encoded(2, first=0), event_count=2)
    assert "event 1 is more than it says it holds" in refused(path, encoded(1, 2, first=0, count=1))
    assert "holds fewer events than it says" in refused(path, encoded(1, first=0, count=2))
    assert ", where its trailer says 5" in refused(path, encoded(1, first=0), event_count=5)


def test_a_wrong_event_is_named_with_its_frame_and_number(tmp_path):
    frame = encode_frame(FrameKind.EVENTS, b"\x93\x0a\x01\x02", first_event=0, event_count=1)
    message = refused(tmp_path / "a", frame)
    offset = len(encode_preamble() + encode_frame(FrameKind.HEADER, encode_header(HEADER)))
    assert message.startswith(
        f"{tmp_path}/a: in the frame at offset {offset}, event 0 is not as the format says: Stopped.stops"
    )


def test_a_blob_that_is_not_what_its_digest_says_is_refused(tmp_path):
    frame = encode_frame(FrameKind.BLOB, b"other bytes", digest=bytes(32))
    assert "holds other bytes than its name says" in refused(tmp_path / "a", frame, event_count=0)
    assert "too short for a blob" in refused(tmp_path / "a", encode_frame(FrameKind.BLOB, b"")[: HEAD_SIZE + 9])


@pytest.mark.parametrize("offsets", [(2**64 - 1, 2**64 - 1), (16, 16), (5, 5), (1 << 40, 16)])
def test_a_footer_that_points_elsewhere_does_no_harm(archive, offsets):
    data = archive.read_bytes()
    put(archive, data[:-24] + encode_footer(Footer(*offsets)))
    assert read_all(archive) == (list(enumerate(EVENTS)), list(BLOBS))


def test_frames_that_are_not_maps_or_lack_a_field_are_refused(tmp_path):
    for content, message in (
        (b"\x90", "the header is not as the format says: a map"),
        (b"\x80", "Header with a field 'format_version'"),
        (b"\x81\x01\x02", "the header cannot be decoded"),
        (b"\xc1", "the header cannot be decoded"),
        (
            encode_header(HEADER).replace(b"\xa7machine\xa6x86_64", b"\xa7machine\xc4\x04x86_"),
            "Header.machine: a string",
        ),
    ):
        put(tmp_path / "a", encode_preamble() + encode_frame(FrameKind.HEADER, content))
        with pytest.raises(DamagedArchive) as caught:
            ArchiveReader(tmp_path / "a")
        assert message in str(caught.value)
