"""Where archives live and how they are named."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.errors import ArchiveError, NoSuchTrace
from redrive.formats.trace_directory import TraceDirectory, default_trace_directory
from tests.unit.formats_samples import HEADER, OUTCOME


@pytest.fixture
def directory(tmp_path) -> TraceDirectory:
    return TraceDirectory(tmp_path / "data" / "redrive")


def recorded(directory: TraceDirectory, command: bytes = b"ls") -> Path:
    """A new archive, closed and made the latest."""
    writer = directory.create(command, lambda path: ArchiveWriter(path, HEADER))
    writer.close(OUTCOME)
    directory.set_latest(writer.path)
    return writer.path


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (b"ls", "ls-1.redrive"),
        (b"/usr/bin/python3.11", "python3.11-1.redrive"),
        (b"./a b;c", "a-b-c-1.redrive"),
        (b"../..", "trace-1.redrive"),
        (b"", "trace-1.redrive"),
        (b"-rf", "rf-1.redrive"),
        (b"\xff\xfe\n\x1b[31m", "31m-1.redrive"),
        (b"g++/", "g++-1.redrive"),
        (b"x" * 300, "x" * 64 + "-1.redrive"),
    ],
)
def test_an_archive_is_named_for_its_command(directory, command, name):
    path = recorded(directory, command)
    assert path == directory.path / name


def test_numbers_go_on_from_the_last_even_where_one_was_removed(directory):
    assert [recorded(directory).name for _ in range(3)] == ["ls-1.redrive", "ls-2.redrive", "ls-3.redrive"]
    directory.remove("ls-2")
    assert recorded(directory).name == "ls-4.redrive"
    assert recorded(directory, b"cat").name == "cat-1.redrive"


def test_recorders_that_start_together_get_names_of_their_own(directory):
    start = threading.Barrier(8)
    paths: list[Path] = []

    def record() -> None:
        start.wait()
        for _ in range(10):
            paths.append(recorded(directory))

    threads = [threading.Thread(target=record) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 80
    assert directory.resolve(None) in paths
    assert sorted(os.listdir(directory.path)) == sorted(["latest", *(path.name for path in paths)])


def test_the_directory_is_private(directory):
    recorded(directory)
    assert directory.path.stat().st_mode & 0o777 == 0o700


def test_the_latest_is_what_was_set_last(directory, tmp_path):
    first, second = recorded(directory), recorded(directory)
    assert directory.resolve(None) == second
    assert os.readlink(directory.path / "latest") == second.name
    directory.set_latest(first)
    assert directory.resolve(None) == first
    elsewhere = tmp_path / "own.redrive"
    elsewhere.write_bytes(b"")
    directory.set_latest(elsewhere)
    assert directory.resolve(None) == elsewhere


def test_a_name_is_a_path_or_one_in_the_directory(directory, tmp_path, monkeypatch):
    path = recorded(directory)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").write_bytes(b"")
    assert directory.resolve("ls-1") == path
    assert directory.resolve("ls-1.redrive") == path
    assert directory.resolve(str(path)) == path
    assert directory.resolve("own") == Path("own")
    for unknown in ("ls-9", "./ls-1", "../redrive"):
        with pytest.raises(NoSuchTrace, match="there is no trace"):
            directory.resolve(unknown)
    with pytest.raises(NoSuchTrace, match="is no regular file"):
        directory.resolve(str(tmp_path))


def test_nothing_recorded_yet_is_said(directory):
    with pytest.raises(NoSuchTrace, match="nothing has been recorded yet"):
        directory.resolve(None)
    assert directory.archives() == []


def test_a_latest_that_is_gone_is_said(directory):
    recorded(directory).unlink()
    with pytest.raises(NoSuchTrace, match="is no longer there"):
        directory.resolve(None)


def test_archives_are_listed_oldest_first(directory):
    paths = [recorded(directory, command) for command in (b"b", b"a", b"c")]
    for age, path in enumerate(paths):
        os.utime(path, (1000 + age, 1000 + age))
    (directory.path / "notes.txt").write_bytes(b"")
    (directory.path / "folder.redrive").mkdir()
    assert directory.archives() == paths


def test_removing_the_latest_makes_the_newest_left_the_latest(directory):
    first, second, third = (recorded(directory) for _ in range(3))
    for age, path in enumerate((second, first, third)):
        os.utime(path, (1000 + age, 1000 + age))
    assert directory.remove(None) == third
    assert not third.exists()
    assert directory.resolve(None) == first
    directory.remove(second.name)
    assert directory.resolve(None) == first
    directory.remove(None)
    assert os.listdir(directory.path) == []


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    directory = TraceDirectory(tmp_path / "file" / "redrive")
    with pytest.raises(ArchiveError, match="cannot be made: Not a directory"):
        recorded(directory)


def test_the_place_is_the_chosen_one_or_that_of_the_xdg_specification(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDRIVE_TRACE_DIR", "traces")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_trace_directory() == tmp_path / "traces"
    monkeypatch.delenv("REDRIVE_TRACE_DIR")
    assert default_trace_directory() == Path("/data/redrive")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/user")
    assert default_trace_directory() == Path("/home/user/.local/share/redrive")
