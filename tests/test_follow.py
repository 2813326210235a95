"""`redrive dump --follow`, on recordings that go on meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.redrive_command import DEADLINE, Redrive

GATES = ("first", "second")
SCRIPT = "echo one; read word < first; echo $word; read word < second; echo $word"


class Running:
    """A Redrive that runs in the background, ended at the latest when the test is over."""

    def __init__(self, redrive: Redrive, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [*redrive.command, *arguments],
            cwd=redrive.folder,
            env=redrive.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(DEADLINE, self.process.kill)
        self._watchdog.start()

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def lines_up_to(self, part: str) -> list[str]:
        """What it prints, as it comes, up to the first line that has ``part`` in it."""
        lines = []
        for line in self.stdout:
            lines.append(line)
            if part in line:
                return lines
        pytest.fail(f"it ended without {part!r}: {lines[-3:]} {self.process.communicate()[1]}")

    def end(self) -> tuple[int, str, str]:
        """Waits; its status, and what is left of its output."""
        stdout, stderr = self.process.communicate()
        self._watchdog.cancel()
        return self.process.returncode, stdout, stderr


@pytest.fixture
def recording(redrive: Redrive) -> Iterator[Running]:
    """A recording that waits at two gates, one after the other."""
    for gate in GATES:
        os.mkfifo(redrive.folder / gate)
    running = Running(redrive, "record", "-o", redrive.folder / "run.redrive", "--", "sh", "-c", SCRIPT)
    assert running.stdout.readline() == "one\n"
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.end()


def open_gate(redrive: Redrive, gate: str, word: str) -> None:
    (redrive.folder / gate).write_text(f"{word}\n")


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_events_are_shown_as_they_come(redrive: Redrive, recording: Running, options: tuple[str, ...]) -> None:
    archive = redrive.folder / "run.redrive"
    follower = Running(redrive, "dump", "--follow", *options, archive)
    sign = (lambda word: f'"{word}\\n"') if not options else (lambda word: f"{word}\n".encode().hex())
    lines = follower.lines_up_to(sign("one"))
    open_gate(redrive, "first", "two")
    assert recording.stdout.readline() == "two\n"
    lines += follower.lines_up_to(sign("two"))
    assert recording.process.poll() is None and follower.process.poll() is None
    open_gate(redrive, "second", "three")
    assert recording.end()[:2] == (0, "three\n")
    status, rest, said = follower.end()
    assert (status, said) == (0, "")
    whole = redrive.run("dump", *options, archive).stdout.decode()
    assert "".join(lines) + rest == whole
    if options:
        assert [json.loads(line)["event"] for line in whole.splitlines()] == list(range(whole.count("\n")))


def test_it_ends_when_the_recorder_is_gone(redrive: Redrive, recording: Running) -> None:
    archive = redrive.folder / "run.redrive"
    follower = Running(redrive, "dump", "--follow", archive)
    follower.lines_up_to('"one\\n"')
    recording.process.kill()
    status, _, said = follower.end()
    assert status == 0
    assert (
        said
        == f"redrive: {archive} was not closed, and nobody writes it any more: these are all events that are in it\n"
    )


def test_it_ends_by_ctrl_c(redrive: Redrive, recording: Running) -> None:
    follower = Running(redrive, "dump", "--follow", redrive.folder / "run.redrive")
    follower.lines_up_to('"one\\n"')
    follower.process.send_signal(signal.SIGINT)
    status, _, said = follower.end()
    assert status == -signal.SIGINT
    assert said.strip() == ""
    assert recording.process.poll() is None


def test_it_ends_with_the_last_event_that_was_asked_for(redrive: Redrive, recording: Running) -> None:
    follower = Running(redrive, "dump", "--follow", "--from", "2", "--to", "3", redrive.folder / "run.redrive")
    status, shown, _ = follower.end()
    assert status == 0
    assert [int(line.split()[0]) for line in shown.splitlines()] == [2, 3]
    assert recording.process.poll() is None


def test_of_a_finished_archive_it_is_the_same_as_a_dump(redrive: Redrive) -> None:
    archive = redrive.folder / "run.redrive"
    assert redrive.record(archive, "true").status == 0
    assert redrive.run("dump", "--follow", archive) == redrive.run("dump", archive)
