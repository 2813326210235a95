"""Archives of every version of the format stay readable: tests/golden/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.frames import READABLE_VERSIONS
from redrive.formats.repair import repair
from tests.redrive_command import Redrive

GOLDEN = Path(__file__).parent / "golden"


class Golden(NamedTuple):
    """What is known of an archive since it was recorded."""

    version: int
    events: int
    arguments: tuple[bytes, ...]

    @property
    def path(self) -> Path:
        return GOLDEN / f"version-{self.version}.redrive"

    @property
    def output(self) -> bytes:
        """What the program wrote to its standard output."""
        return self.path.with_suffix(".output").read_bytes()

    def __str__(self) -> str:
        return f"version {self.version}"


ARCHIVES = (
    Golden(1, 36, (b"./recorded",)),
    Golden(2, 41, (b"./recorded", b"interrupted")),
)
every_archive = pytest.mark.parametrize("golden", ARCHIVES, ids=str)


def test_there_is_one_for_each_version() -> None:
    assert tuple(golden.version for golden in ARCHIVES) == READABLE_VERSIONS
    assert sorted(GOLDEN.glob("*.redrive")) == [golden.path for golden in ARCHIVES]


@every_archive
def test_it_is_whole(redrive: Redrive, golden: Golden) -> None:
    ended = redrive.run("verify", golden.path)
    assert ended.status == 0, ended
    shown = dict(line.split(None, 1) for line in ended.stdout.decode().splitlines())
    assert (shown["events"], shown["blobs"], shown["verdict"]) == (str(golden.events), "2", "whole")


@every_archive
def test_info_and_ps(redrive: Redrive, golden: Golden) -> None:
    ended = redrive.run("info", golden.path)
    assert ended.status == 0, ended
    shown = dict(line.split(None, 1) for line in ended.stdout.decode().splitlines())
    assert shown["redrive"].endswith(f", format {golden.version}")
    assert shown["command"] == b" ".join(golden.arguments).decode()
    assert shown["ended"].startswith("exit 7, ")
    assert shown["trace"] == "The recording is complete."
    rows = redrive.run("ps", golden.path).stdout.decode().splitlines()[1:]
    assert [row.split()[2:4] for row in rows] == [["exit", "7"], ["exit", "3"]]


@every_archive
def test_dump(redrive: Redrive, golden: Golden) -> None:
    text = redrive.run("dump", "--stops", golden.path)
    assert text.status == 0, text
    assert b'write(4, "child\\x00", 6) = 6' in text.stdout
    objects = [json.loads(line) for line in redrive.run("dump", "--json", golden.path).stdout.splitlines()]
    assert [one["event"] for one in objects] == list(range(golden.events))
    kinds = {one["kind"] for one in objects}
    assert kinds >= {"Exec", "Clone", "Syscall", "SyscallEntry", "SyscallExit", "Signal", "Exit"}
    assert ("Landmark" in kinds) == (golden.version >= 2)


@every_archive
def test_written_anew_it_holds_the_same(golden: Golden, tmp_path: Path) -> None:
    repair(golden.path, tmp_path / "new")
    with ArchiveReader(golden.path) as old, ArchiveReader(tmp_path / "new") as new:
        assert list(new.events()) == list(old.events())
        assert list(map(new.blob, new.blobs())) == list(map(old.blob, old.blobs()))
        assert (new.outcome, new.header.command) == (old.outcome, golden.arguments)


@every_archive
def test_replay(redrive: Redrive, golden: Golden) -> None:
    ended = redrive.run("replay", golden.path)
    if ended.status == 1 and b"this CPU lacks what the recorded program" in ended.said:
        pytest.skip(str(ended))
    assert ended.status == 0, ended
    assert ended.stdout == golden.output
    assert ended.said == b"redrive: %d events replayed exactly\n" % golden.events
