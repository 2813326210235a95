"""Clean archives of what is whole in damaged ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.blobs import blob_digest
from redrive.formats.errors import ArchiveExists, DamagedArchive
from redrive.formats.events import Event, Extent, ImageContent
from redrive.formats.frames import FrameKind
from redrive.formats.outcome import Outcome
from redrive.formats.repair import Repair, repair
from redrive.formats.verification import verify
from tests.unit.formats_samples import (
    BLOBS,
    ENVIRONMENT,
    EVENTS,
    HEADER,
    OUTCOME,
    frames_of,
    syscall,
    write_several_frames,
)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small closed archive of several EVENTS frames."""
    return write_several_frames(tmp_path / "a.redrive", monkeypatch)


def damaged_at(path: Path, *offsets: int) -> Path:
    data = bytearray(path.read_bytes())
    for offset in offsets:
        data[offset] ^= 0x55
    other = path.with_name("damaged.redrive")
    other.write_bytes(data)
    return other


def repaired(source: Path) -> tuple[Repair, list[Event], list[bytes], Outcome]:
    """What a repair says, and what its archive holds, which is whole and closed."""
    target = source.with_name("repaired.redrive")
    before = source.read_bytes()
    done = repair(source, target)
    assert source.read_bytes() == before
    assert target.stat().st_mode & 0o777 == 0o600
    found = verify(target, lambda damage: pytest.fail(damage.what))
    assert found.closed
    assert (found.events, found.blobs) == (done.events, done.blobs)
    with ArchiveReader(target) as reader:
        assert reader.header == HEADER
        assert reader.outcome == done.outcome
        events = [event for _, event in reader.events()]
        return done, events, [reader.blob(digest) for digest in reader.blobs()], done.outcome


def test_a_whole_archive_stays_what_it_was(archive: Path) -> None:
    done, events, blobs, outcome = repaired(archive)
    assert (events, blobs, outcome) == (EVENTS, list(BLOBS), OUTCOME)
    assert (done.damaged_places, done.left_out) == (0, 0)


def test_events_up_to_the_first_loss(archive: Path) -> None:
    _, frame, *_ = frames_of(archive, FrameKind.EVENTS)
    for offset in (frame.offset, frame.stored_offset):
        source = damaged_at(archive, offset)
        done, events, blobs, outcome = repaired(source)
        assert events == EVENTS[: frame.first_event]
        assert blobs == list(BLOBS)
        assert done.left_out == 8 - frame.first_event - frame.event_count > 0
        assert not outcome.complete
        assert outcome.reason.startswith(f"From event {frame.first_event} on it was lost: the ")
        assert f"offset {frame.offset}" in outcome.reason
        assert outcome.exit_status == OUTCOME.exit_status
        source.with_name("repaired.redrive").unlink()


def test_the_last_events_are_lost(archive: Path) -> None:
    last = frames_of(archive, FrameKind.EVENTS)[-1]
    _, events, _, outcome = repaired(damaged_at(archive, last.stored_offset))
    assert events == EVENTS[: last.first_event]
    assert f"offset {last.offset}" in outcome.reason


def test_one_that_was_not_closed(archive: Path) -> None:
    last = frames_of(archive, FrameKind.EVENTS)[-1]
    cut = archive.with_name("cut.redrive")
    cut.write_bytes(archive.read_bytes()[: last.end - 1])
    done, events, _, outcome = repaired(cut)
    assert events == EVENTS[: last.first_event]
    assert done.damaged_places == 0
    assert (outcome.complete, outcome.exit_status) == (False, None)
    assert outcome.end_time == cut.stat().st_mtime
    assert outcome.reason.startswith(f"The recording was not closed: it ends after byte {last.offset}, with the first ")


@pytest.mark.parametrize("kind", [FrameKind.INDEX, FrameKind.TRAILER])
def test_index_or_trailer_damaged(archive: Path, kind: FrameKind) -> None:
    [frame] = frames_of(archive, kind)
    done, events, blobs, outcome = repaired(damaged_at(archive, frame.stored_offset))
    assert (events, blobs) == (EVENTS, list(BLOBS))
    assert outcome.complete == (kind == FrameKind.INDEX)
    assert done.damaged_places > 0


def test_a_footer_is_written_again(archive: Path) -> None:
    _, events, _, outcome = repaired(damaged_at(archive, archive.stat().st_size - 5))
    assert (events, outcome) == (EVENTS, OUTCOME)


def with_image(path: Path) -> bytes:
    """An archive whose second event needs a blob."""
    digest = blob_digest(b"library")
    writer = ArchiveWriter(path, HEADER)
    writer.add_blob(b"library")
    writer.write(syscall(0))
    writer.write(syscall(1)._replace(effects=(ImageContent(1, 7, (Extent(0, 7, digest),), "/lib/library.so"),)))
    writer.write(syscall(2))
    writer.close(OUTCOME)
    return digest


def test_an_event_that_needs_a_lost_blob_is_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.redrive"
    digest = with_image(path)
    [blob] = frames_of(path, FrameKind.BLOB)
    done, events, blobs, outcome = repaired(damaged_at(path, blob.end - 1))
    assert (events, blobs) == ([syscall(0)], [])
    assert done.left_out == 2
    assert digest.hex() in outcome.reason


def test_a_blob_that_no_event_needs_is_no_loss(archive: Path) -> None:
    blob = frames_of(archive, FrameKind.BLOB)[0]
    _, events, blobs, outcome = repaired(damaged_at(archive, blob.end - 1))
    assert (events, blobs, outcome) == (EVENTS, [BLOBS[1]], OUTCOME)


def test_without_a_header_there_is_nothing_to_repair(archive: Path) -> None:
    [header] = frames_of(archive, FrameKind.HEADER)
    source = damaged_at(archive, header.stored_offset)
    with pytest.raises(DamagedArchive, match="cannot be repaired without its header: the frame at offset 16"):
        repair(source, archive.with_name("new"))
    assert not archive.with_name("new").exists()


def test_nothing_is_overwritten(archive: Path) -> None:
    before = archive.read_bytes()
    other = archive.with_name("other")
    other.write_bytes(b"precious")
    for target in (archive, other):
        with pytest.raises(ArchiveExists, match="exists already"):
            repair(archive, target)
    assert (archive.read_bytes(), other.read_bytes()) == (before, b"precious")


REPAIR_WITH_LITTLE_ROOM = """
import pathlib, resource, sys
from redrive.formats.errors import ArchiveError
from redrive.formats.repair import repair
source, target, limit = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    repair(source, target)
except ArchiveError as error:
    print(error)
"""


def test_a_full_disk_leaves_nothing_behind(archive: Path) -> None:
    target = archive.with_name("new")

    def limited(size: int) -> str:
        command = [sys.executable, "-c", REPAIR_WITH_LITTLE_ROOM, archive, target, str(size)]
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout

    assert limited(1 << 20) == ""
    size = target.stat().st_size
    target.unlink()
    for limit in (100, size // 2, size - 1):
        assert limited(limit) == f"{target} cannot be written: File too large\n"
        assert not target.exists()
    assert limited(size) == ""
