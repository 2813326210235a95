"""Archives that are checked to the last byte, whole and damaged."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from redrive.formats import background_writer
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.blobs import blob_digest
from redrive.formats.events import Extent, ImageContent
from redrive.formats.frames import PREAMBLE_SIZE, FrameFlag, FrameKind, encode_frame
from redrive.formats.salvage import Damage, NumberedEvent, Salvage, WholeBlob
from redrive.formats.verification import Verification, verify
from tests.unit.formats_samples import (
    EVENTS,
    HEADER,
    OUTCOME,
    frames_of,
    syscall,
    write_archive,
    write_several_frames,
)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small closed archive of several EVENTS frames."""
    return write_several_frames(tmp_path / "a.redrive", monkeypatch)


def check(path: Path) -> tuple[Verification, list[Damage]]:
    damage: list[Damage] = []
    return verify(path, damage.append), damage


def whole_events(path: Path) -> list[int]:
    with Salvage(path) as salvage:
        found = [one for one in salvage.found() if isinstance(one, NumberedEvent)]
    assert all(one.event == EVENTS[one.number] for one in found)
    return [one.number for one in found]


def spliced(path: Path, *pieces: bytes) -> Path:
    other = path.with_name("spliced.redrive")
    other.write_bytes(b"".join(pieces))
    return other


def test_a_whole_archive(archive: Path) -> None:
    found, damage = check(archive)
    assert damage == []
    assert found.closed
    assert (found.events, found.blobs, found.frames) == (8, 2, len(frames_of(archive)))
    assert found.ending == "The recording is complete."
    assert found.size == archive.stat().st_size
    assert found.content_size == sum(frame.content_size for frame in frames_of(archive))
    assert (found.lost_events, found.lost_blobs) == (0, 0)


def test_cut_anywhere_it_is_whole_but_not_closed(archive: Path) -> None:
    data = archive.read_bytes()
    frames = frames_of(archive)
    for size in range(frames[0].end, len(data)):
        whole = [frame for frame in frames if frame.end <= size]
        found, damage = check(spliced(archive, data[:size]))
        assert damage == [], size
        assert not found.closed
        assert found.events == sum(frame.event_count for frame in whole)
        assert found.blobs == sum(frame.kind == FrameKind.BLOB for frame in whole)


def test_every_changed_byte_is_found(archive: Path) -> None:
    data = archive.read_bytes()
    for position in range(PREAMBLE_SIZE, len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x10
        found, damage = check(spliced(archive, changed))
        assert damage, position
        last = max((one for one in damage), key=lambda one: one.offset)
        assert damage[0].offset <= position, position
        assert f"offset {last.offset}" in last.what


def test_it_goes_on_behind_each_damaged_frame(archive: Path) -> None:
    data = archive.read_bytes()
    for frame in frames_of(archive, FrameKind.EVENTS):
        for position in (frame.offset, frame.stored_offset):
            changed = bytearray(data)
            changed[position] ^= 0xFF
            other = spliced(archive, changed)
            lost = range(frame.first_event, frame.first_event + frame.event_count)
            assert whole_events(other) == [number for number in range(8) if number not in lost]
            found, damage = check(other)
            assert [one.offset for one in damage] == [frame.offset]
            assert (found.lost_events, found.lost_blobs) == (len(lost), 0)
            assert found.blobs == 2


def test_several_places(archive: Path) -> None:
    changed = bytearray(archive.read_bytes())
    first, second, *_ = frames_of(archive, FrameKind.EVENTS)
    blob, _ = frames_of(archive, FrameKind.BLOB)
    for frame in (first, blob):
        changed[frame.stored_offset + 2] ^= 1
    changed[second.offset + 9] ^= 1
    found, damage = check(spliced(archive, changed))
    assert [one.offset for one in damage] == sorted([first.offset, blob.offset, second.offset])
    assert found.lost_events == first.event_count + second.event_count
    assert found.lost_blobs == 1


def test_a_frame_that_was_cut_out_is_missed(archive: Path) -> None:
    data = archive.read_bytes()
    _, frame, *_ = frames_of(archive, FrameKind.EVENTS)
    found, damage = check(spliced(archive, data[: frame.offset], data[frame.end :]))
    assert f"events {frame.first_event} to {frame.first_event + frame.event_count - 1} are missing" in damage[0].what
    assert found.lost_events == frame.event_count


@pytest.mark.parametrize("ends", [0, 1])
def test_an_archive_that_begins_with_events(archive: Path, ends: int) -> None:
    """Nothing can be read without the header, whatever comes behind it, also where the recorder was killed there."""
    data = archive.read_bytes()
    header, first = frames_of(archive)[0], frames_of(archive, FrameKind.EVENTS)[0]
    end = first.end if ends else len(data)
    found, damage = check(spliced(archive, data[: header.offset], data[first.offset : end]))
    assert [one.offset for one in damage][0] == PREAMBLE_SIZE
    assert found.damaged_places


def test_frames_that_changed_places(archive: Path) -> None:
    data = archive.read_bytes()
    first, second, *_ = frames_of(archive, FrameKind.EVENTS)
    assert first.end == second.offset
    swapped = data[second.offset : second.end] + data[first.offset : first.end]
    found, damage = check(spliced(archive, data[: first.offset], swapped, data[second.end :]))
    assert "are missing" in damage[0].what
    assert f"begins with event 0 where event {second.first_event + second.event_count} should come" in damage[1].what
    assert found.events == 8 - first.event_count


def test_a_second_copy_of_a_frame(archive: Path) -> None:
    data = archive.read_bytes()
    for kind in (FrameKind.HEADER, FrameKind.EVENTS, FrameKind.BLOB):
        frame = frames_of(archive, kind)[-1]
        other = spliced(archive, data[: frame.end], data[frame.offset :])
        found, damage = check(other)
        assert [one.offset for one in damage][0] == frame.end, kind
        assert (found.events, found.blobs) == (8, 2)
        assert found.lost_events == 0


def test_a_frame_of_another_archive(archive: Path) -> None:
    """Its checksums are right, and its numbers: only what it does to the others tells."""
    stranger = encode_frame(FrameKind.EVENTS, b"\x92\x0a\x01", first_event=0, event_count=1)
    data = archive.read_bytes()
    first = frames_of(archive, FrameKind.EVENTS)[0]
    found, damage = check(spliced(archive, data[: first.offset], stranger, data[first.offset :]))
    assert "event 0 is not as the format says" in damage[0].what
    assert found.events == 8 - first.event_count


def test_what_follows_the_footer(archive: Path) -> None:
    data = archive.read_bytes()
    trailer = frames_of(archive, FrameKind.TRAILER)[0]
    for more in (b"\0", b"x" * 5000, data):
        found, damage = check(spliced(archive, data, more))
        assert [one.offset for one in damage] == [trailer.end]
        assert not found.closed
        assert found.events == 8


def test_zeros_at_the_end_are_damage(archive: Path) -> None:
    second = frames_of(archive, FrameKind.EVENTS)[1]
    found, damage = check(spliced(archive, archive.read_bytes()[: second.end], bytes(5000)))
    assert [one.offset for one in damage] == [second.end]
    assert found.events == second.first_event + second.event_count


def test_an_index_and_a_footer_that_lie(archive: Path) -> None:
    data = archive.read_bytes()
    index, trailer = frames_of(archive)[-2:]
    lying = encode_frame(FrameKind.INDEX, b"\x84\xacfirst_events\x90\xa7offsets\x90\xa7digests\x90\xacblob_offsets\x90")
    found, damage = check(spliced(archive, data[: index.offset], lying, data[index.end :]))
    assert damage[0].offset == index.offset
    assert "does not say where things are" in damage[0].what
    footer = struct.pack("<QQ4s", index.offset, index.offset, b"\xf5RDE")
    other = spliced(archive, data[: trailer.end], footer + struct.pack("<I", zlib.crc32(footer)))
    assert "points elsewhere" in check(other)[1][0].what


@pytest.mark.parametrize("lost", range(4))
def test_an_event_in_pieces_that_lost_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    monkeypatch.setattr(background_writer, "PIECE_SIZE", 1000)
    path = tmp_path / "a.redrive"
    events = [syscall(0), syscall(1, bytes(range(256)) * 14), syscall(2)]
    write_archive(path, events)
    pieces = [frame for frame in frames_of(path, FrameKind.EVENTS) if frame.first_event == 1 and frame.event_count < 2]
    assert [bool(frame.flags & FrameFlag.CONTINUES) for frame in pieces] == [True, True, True, False]
    assert check(path)[1] == []
    changed = bytearray(path.read_bytes())
    changed[pieces[lost].stored_offset + 3] ^= 1
    found, damage = check(spliced(path, changed))
    assert [one.offset for one in damage] == [pieces[lost].offset]
    assert (found.events, found.lost_events) == (2, 1)
    with Salvage(path.with_name("spliced.redrive")) as salvage:
        numbers = [one.number for one in salvage.found() if isinstance(one, NumberedEvent)]
    assert numbers == [0, 2]


def test_an_event_that_needs_a_blob_which_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.redrive"
    digest = blob_digest(b"library")
    content = ImageContent(1, 7, (Extent(0, 7, digest),), "/lib/library.so")
    writer = ArchiveWriter(path, HEADER)
    writer.add_blob(b"library")
    writer.write(syscall(0)._replace(effects=(content,)))
    writer.close(OUTCOME)
    assert check(path)[1] == []
    blob = frames_of(path, FrameKind.BLOB)[0]
    changed = bytearray(path.read_bytes())
    changed[blob.end - 1] ^= 1
    found, damage = check(spliced(path, changed))
    assert [one.offset for one in damage] == [blob.offset, blob.end]
    assert f"event 0, in the frame at offset {blob.end}, needs the blob {digest.hex()}" in damage[1].what
    assert (found.events, found.blobs, found.lost_blobs) == (1, 0, 1)


def test_a_blob_that_is_not_what_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "a.redrive"
    write_archive(path, EVENTS[:1])
    data = path.read_bytes()
    header = frames_of(path)[0]
    frame = encode_frame(FrameKind.BLOB, b"other bytes", digest=bytes(32))
    with Salvage(spliced(path, data[: header.end], frame, data[header.end :])) as salvage:
        found = list(salvage.found())
    assert not any(isinstance(one, WholeBlob) for one in found)
    [damage] = [one for one in found if isinstance(one, Damage)]
    assert damage.offset == header.end and "holds other bytes than its name says" in damage.what


def test_raw_stops_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.redrive"
    write_archive(path, [syscall(0), syscall(1)._replace(stops=b"\x63" * 10), syscall(2)])
    found, damage = check(path)
    assert "event 1: a raw stop record cannot be read" in damage[0].what
    assert (found.events, found.lost_events) == (1, 2)
