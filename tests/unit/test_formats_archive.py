"""Archives: written and read back, in a stream, from anywhere."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redrive.formats import background_writer
from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.errors import ArchiveError, ArchiveExists, DamagedArchive
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import PREAMBLE_SIZE, FrameFlag, FrameKind
from redrive.formats.outcome import Completeness, Outcome
from tests.unit.formats_samples import ENVIRONMENT, HEADER, OUTCOME, every_event, syscall, write_archive


def event_frames(path: Path) -> list:
    file = FrameFile(path)
    frames = [frame for frame in file.walk(PREAMBLE_SIZE, file.size) if frame.kind == FrameKind.EVENTS]
    file.close()
    return frames


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(recorded=st.lists(every_event, max_size=20), blobs=st.lists(st.binary(max_size=50), unique=True, max_size=4))
def test_an_archive_gives_back_what_was_written(tmp_path, recorded, blobs):
    path = tmp_path / "a.redrive"
    path.unlink(missing_ok=True)
    write_archive(path, recorded, blobs=tuple(blobs))
    with ArchiveReader(path) as reader:
        assert reader.header == HEADER
        assert reader.outcome == OUTCOME
        assert list(reader.events()) == list(enumerate(recorded))
        assert [reader.blob(digest) for digest in reader.blobs()] == blobs
        assert reader.completeness.complete
        assert reader.completeness.event_count == len(recorded)


def test_an_archive_is_private_and_never_overwritten(tmp_path):
    path = tmp_path / "a.redrive"
    write_archive(path, [syscall(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(ArchiveExists, match="exists already"):
        ArchiveWriter(path, HEADER, blob_cache=None)
    assert path.read_bytes() == before


def test_an_archive_that_cannot_be_created_is_an_error_with_its_number(tmp_path):
    with pytest.raises(ArchiveError, match="cannot be created: No such file or directory") as caught:
        ArchiveWriter(tmp_path / "missing" / "a.redrive", HEADER, blob_cache=None)
    assert caught.value.errno == 2


def test_events_are_numbered_from_zero(tmp_path):
    writer = ArchiveWriter(tmp_path / "a.redrive", HEADER)
    assert writer.next_number == 0
    assert [writer.write(syscall(number)) for number in range(3)] == [0, 1, 2]
    assert writer.next_number == 3
    writer.close(OUTCOME)


def test_reading_starts_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(background_writer, "FRAME_SIZE", 2000)
    path = tmp_path / "a.redrive"
    recorded = [syscall(number) for number in range(100)]
    write_archive(path, recorded, blobs=(b"one",))
    assert len(event_frames(path)) > 10
    with ArchiveReader(path) as reader:
        for first in range(102):
            assert list(reader.events(first)) == list(enumerate(recorded))[first:]


def test_reading_starts_anywhere_in_an_archive_that_was_not_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(background_writer, "FRAME_SIZE", 2000)
    path = tmp_path / "a.redrive"
    recorded = [syscall(number) for number in range(100)]
    write_archive(path, recorded)
    os.truncate(path, event_frames(path)[-1].end)
    with ArchiveReader(path) as reader:
        assert reader.outcome is None
        assert list(reader.events(57)) == list(enumerate(recorded))[57:]


def test_a_blob_is_kept_once_and_named_by_its_digest(tmp_path):
    path = tmp_path / "a.redrive"
    writer = ArchiveWriter(path, HEADER)
    data = os.urandom(100_000)
    digest = writer.add_blob(data)
    assert digest == hashlib.sha256(data).digest()
    assert writer.has_blob(digest)
    assert not writer.has_blob(bytes(32))
    assert writer.add_blob(memoryview(data)) == digest
    writer.close(OUTCOME)
    assert path.stat().st_size < 110_000
    with ArchiveReader(path) as reader:
        assert reader.blob(digest) == data
        with pytest.raises(DamagedArchive, match="is not in the archive"):
            reader.blob(bytes(32))


def test_a_blob_stands_before_the_event_that_names_it(tmp_path):
    path = tmp_path / "a.redrive"
    writer = ArchiveWriter(path, HEADER)
    for number in range(20):
        writer.add_blob(bytes([number]) * 100)
        writer.write(syscall(number))
    writer.close(OUTCOME)
    file = FrameFile(path)
    blobs_so_far = 0
    for frame in file.walk(PREAMBLE_SIZE, file.size):
        if frame.kind == FrameKind.BLOB:
            blobs_so_far += 1
        elif frame.kind == FrameKind.EVENTS:
            assert frame.first_event + frame.event_count <= blobs_so_far
    file.close()
    assert blobs_so_far == 20


def test_a_blob_that_is_too_large_is_refused(tmp_path):
    writer = ArchiveWriter(tmp_path / "a.redrive", HEADER)
    with pytest.raises(ArchiveError, match="a blob of 16777217 bytes"):
        writer.add_blob(bytes((16 << 20) + 1))
    writer.close(OUTCOME)


def test_an_event_larger_than_any_frame_is_cut_into_pieces(tmp_path):
    path = tmp_path / "a.redrive"
    large = syscall(2, os.urandom(1 << 20) * 70)
    recorded = [syscall(1), large, syscall(3)]
    write_archive(path, recorded)
    with ArchiveReader(path) as reader:
        assert list(reader.events()) == list(enumerate(recorded))
        assert list(reader.events(2)) == [(2, recorded[2])]
    pieces = [frame for frame in event_frames(path) if frame.first_event == 1]
    assert [frame.event_count for frame in pieces] == [0, 0, 0, 0, 1]
    assert all(frame.flags == FrameFlag.CONTINUES for frame in pieces[:-1])
    os.truncate(path, pieces[-1].offset)
    with ArchiveReader(path) as reader:
        assert reader.completeness.event_count == 1
        assert list(reader.events()) == [(0, recorded[0])]


def test_an_ending_that_was_not_the_programs_own_is_told(tmp_path):
    path = tmp_path / "a.redrive"
    outcome = Outcome(False, "The program made a thread, which cannot be recorded yet.", 1.0, None, {})
    write_archive(path, [syscall(1)], outcome=outcome)
    with ArchiveReader(path) as reader:
        assert reader.outcome == outcome
        footer_size = 24
        end = path.stat().st_size - footer_size
        assert reader.completeness == Completeness(False, 1, end, outcome.reason)


def test_no_thread_runs_before_the_first_event(tmp_path):
    before = threading.active_count()
    writer = ArchiveWriter(tmp_path / "a.redrive", HEADER)
    assert threading.active_count() == before
    writer.write(syscall(1))
    assert threading.active_count() == before + 1
    writer.close(OUTCOME)
    assert threading.active_count() == before


def test_the_writing_thread_has_its_own_processors_and_takes_no_signals(tmp_path):
    processors = sorted(os.sched_getaffinity(0))
    others = set(threading.enumerate())
    try:
        os.sched_setaffinity(0, {processors[0]})
        writer = ArchiveWriter(tmp_path / "a.redrive", HEADER, writer_affinity={processors[-1]})
        writer.write(syscall(1))
        [thread] = set(threading.enumerate()) - others
        wait_for_frame(tmp_path / "a.redrive")
        assert os.sched_getaffinity(thread.native_id) == {processors[-1]}
        status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
        blocked = int(status.split("SigBlk:")[1].split()[0], 16)
        assert all(blocked & 1 << number - 1 for number in (1, 2, 10, 14, 15, 17))
        writer.close(OUTCOME)
    finally:
        os.sched_setaffinity(0, set(processors))


def wait_for_frame(path: Path) -> None:
    """Until the writing thread has written its first events; pytest's own limit ends it if it never does."""
    while not event_frames(path):
        os.sched_yield()


def test_a_writer_is_closed_once(tmp_path):
    path = tmp_path / "a.redrive"
    writer = ArchiveWriter(path, HEADER)
    writer.write(syscall(1))
    writer.close(OUTCOME)
    size = path.stat().st_size
    writer.close(OUTCOME)
    assert path.stat().st_size == size
    with pytest.raises(ArchiveError, match="has been closed"):
        writer.write(syscall(1))


MEMORY = """
import pathlib, resource, sys
from tests.unit.formats_samples import HEADER, OUTCOME, syscall
from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

events = [syscall(number) for number in range(50)]
path = pathlib.Path(sys.argv[1])
writer = ArchiveWriter(path, HEADER)
for number in range(1_000_000):
    writer.write(events[number % 50])
    if number == 300_000:
        settled = peak()
writer.close(OUTCOME)
written = peak()
with ArchiveReader(path) as reader:
    assert sum(1 for _ in reader.events()) == 1_000_000
print(written - settled, peak() - written)
"""


def test_memory_does_not_grow_with_the_trace(tmp_path):
    command = [sys.executable, "-c", MEMORY, tmp_path / "a.redrive"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    while_writing, while_reading = map(int, result.stdout.split())
    kibibytes_of_a_million_events = 1_000_000 * 240 / 1024
    assert while_writing < kibibytes_of_a_million_events / 10
    assert while_reading < kibibytes_of_a_million_events / 10
