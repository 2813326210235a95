"""The line that tells how far a replay is: on a terminal, after a second, never in the way of the program's output."""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
import pexpect
import pytest

from redrive.formats import background_writer
from redrive.tools.pack import pack
from redrive.tools.progress_line import ProgressLine
from redrive.tools.repair import repair
from redrive.tools.replay_progress import ReplayProgress
from redrive.tools.verify import verify
from tests.redrive_command import DEADLINE, Redrive
from tests.unit.formats_samples import syscall, write_archive

COMPUTES = """
import sys, time
for part in range(4):
    while time.process_time() < part:
        sum(range(100000))
    print(f"part {part}", flush=True)
"""
"""Three seconds of computing, with an event every few milliseconds."""


@pytest.fixture(scope="module")
def long_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose replay takes more than a second."""
    folder = tmp_path_factory.mktemp("long")
    redrive = Redrive((sys.executable, "-c", "from redrive.tools.main import main; main()"), folder, dict(os.environ))
    recording = redrive.record(folder / "trace", "/usr/bin/env", "python3", "-c", COMPUTES)
    assert recording.status == 0, str(recording)
    return folder / "trace"


def on_a_terminal(redrive: Redrive, *arguments: str | Path) -> str:
    """What a command shows on a terminal."""
    child = pexpect.spawn(
        redrive.command[0],
        [*redrive.command[1:], *map(str, arguments)],
        cwd=str(redrive.folder),
        env=dict(redrive.environment),
        encoding="utf-8",
        timeout=DEADLINE,
    )
    child.expect(pexpect.EOF)
    return str(child.before)


class TestReplay:
    @pytest.mark.parametrize("options", [(), ("--quiet",)])
    def test_a_line_that_is_drawn_again_and_taken_away(
        self, redrive: Redrive, long_archive: Path, options: tuple[str, ...]
    ) -> None:
        shown = on_a_terminal(redrive, "replay", *options, long_archive)
        assert re.search(r"\rredrive: \d+ of \d+ events replayed \(\d+ %\)", shown), shown
        words = re.sub(r"\r *\r|\rredrive: \d+ of \d+ events replayed \(\d+ %\) *", "", shown)
        parts = "" if options else "part 0\r\npart 1\r\npart 2\r\npart 3\r\n"
        assert re.fullmatch(re.escape(parts) + r"redrive: \d+ events replayed exactly\r\n", words), shown

    def test_nothing_is_drawn_into_a_file(self, redrive: Redrive, long_archive: Path) -> None:
        replay = redrive.run("replay", long_archive)
        assert (replay.status, replay.stdout) == (0, b"part 0\npart 1\npart 2\npart 3\n"), str(replay)
        assert replay.stderr == b""
        assert replay.said.count(b"\n") == 1


_MARK = b"<mark>"


class Clock:
    """A time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A terminal, and what has been written to it."""

    def __init__(self, number: int, stream: TextIO) -> None:
        self._number = number
        self.stream = stream

    def shown(self) -> str:
        """What has come since the last time: up to a mark, as the kernel hands it over some time after a write."""
        os.write(self.stream.fileno(), _MARK)
        come = b""
        while not come.endswith(_MARK):
            come += os.read(self._number, 65536)
        return come.removesuffix(_MARK).decode()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    terminal, program = os.openpty()
    with open(program, "w") as stream:
        # As if the program's output went there too.
        monkeypatch.setattr(os, "isatty", lambda number: True)
        yield Screen(terminal, stream)
    os.close(terminal)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


class TestWhenItIsDrawn:
    def test_a_replay_of_less_than_a_second_draws_nothing(self, screen: Screen, clock: Clock) -> None:
        with ReplayProgress(screen.stream) as progress:
            for event in range(99):
                clock.now += 0.01
                progress.progressed(event, 100)
        assert screen.shown() == ""

    def test_not_more_often_than_anybody_reads(self, screen: Screen, clock: Clock) -> None:
        with ReplayProgress(screen.stream) as progress:
            clock.now += 1
            for event in range(30):
                progress.progressed(event, 30)
                clock.now += 0.01
            assert 1 <= screen.shown().count("redrive: ") <= 4
        assert re.fullmatch(r"\r +\r", screen.shown())

    @pytest.mark.parametrize(
        ("output", "drawn"),
        [(b"a line\n", True), (b"password: ", False), (b"\x1b[2J\n", False)],
        ids=["a line", "half a line", "a screen"],
    )
    def test_it_is_in_nobodys_way(self, screen: Screen, clock: Clock, output: bytes, drawn: bool) -> None:
        with ReplayProgress(screen.stream) as progress:
            clock.now += 2
            progress.progressed(1, 10)
            assert screen.shown() == "\rredrive: 1 of 10 events replayed (10 %)"
            progress.echoes(1, output)
            assert re.fullmatch(r"\r +\r", screen.shown())
            # A write of no bytes leaves the cursor where it is.
            progress.echoes(1, b"")
            clock.now += 2
            progress.progressed(2, 10)
            assert bool(screen.shown()) == drawn

    def test_a_shorter_line_leaves_nothing_of_a_longer_one(self, screen: Screen) -> None:
        line = ProgressLine(stream=screen.stream)
        line.draw("a long text")
        line.draw("text")
        assert screen.shown() == "\rredrive: a long text\rredrive: text       "
        line.clear()
        line.clear()
        assert screen.shown() == "\r" + " " * 13 + "\r"


class TestOtherWork:
    """With a clock that goes on by a hundredth of a second whenever it is looked at, and an archive of many frames."""

    @pytest.mark.parametrize(
        ("command", "options", "done"),
        [
            (verify, ("trace",), "checked"),
            (repair, ("trace", "-o", "copy"), "read"),
            (pack, ("--no-verify", "--redact", "no such thing", "trace", "copy"), "packed"),
        ],
        ids=["verify", "repair", "pack"],
    )
    def test_a_share_that_grows(
        self,
        tmp_path: Path,
        screen: Screen,
        monkeypatch: pytest.MonkeyPatch,
        command: click.Command,
        options: tuple[str, ...],
        done: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(background_writer, "FRAME_SIZE", 2000)
        write_archive(Path("trace"), [syscall(number) for number in range(300)])
        monkeypatch.setattr(time, "monotonic", itertools.count(step=0.01).__next__)
        monkeypatch.setattr(sys, "stderr", screen.stream)
        command.main(options, standalone_mode=False)
        shown = screen.shown()
        shares = [int(share) for share in re.findall(rf"\rredrive: (\d+) % {done}", shown)]
        assert len(set(shares)) > 1 and shares == sorted(shares) and shares[-1] <= 100, shown
        assert f"% {done}" not in shown.rpartition("\r")[2], shown
