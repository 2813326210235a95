"""`info`, `ps`, `dump` and `ls`, as people and programs read them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from redrive.tools.description import describe_duration
from tests.command_line import Ask
from tests.sample_archive import EVENTS, write_archive


class TestLooking:
    def test_info(self, ask: Ask, archive: Path) -> None:
        ended = ask("info", archive)
        assert (ended.status, ended.stderr) == (0, "")
        shown = dict(line.split(None, 1) for line in ended.stdout.splitlines())
        assert shown["command"] == "sh -c 'true\\x1b[31m'"
        assert shown["directory"] == "/home/user"
        assert shown["started"] == "2023-11-14 22:13:20 UTC"
        assert shown["ended"] == "exit 3, after 1.50 s"
        assert shown["events"] == str(len(EVENTS))
        assert shown["holds"].endswith("what the program read: from files, terminals and networks"), (
            "nobody has counted"
        )
        assert shown["trace"].startswith("The recording is complete")
        assert "6.1.0" in shown["kernel"]
        assert "R3" in shown["kernel"]

    def test_the_environment_is_shown_when_asked_for(self, ask: Ask, archive: Path) -> None:
        assert "A=1" not in ask("info", archive).stdout
        assert ask("info", "--environment", archive).stdout.splitlines()[-2:] == [
            "A=1",
            "PROMPT=\\x1b]0;title\\x07",
        ]

    def test_an_archive_that_was_cut_off(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        cut = tmp_path / "cut.redrive"
        cut.write_bytes(archive.read_bytes()[:-40])
        ended = ask("info", cut)
        assert ended.status == 0
        assert "recording was cut off" in ended.stdout
        assert "is complete" not in ended.stdout

    def test_ps(self, ask: Ask, archive: Path) -> None:
        ended = ask("ps", archive)
        assert (ended.status, ended.stderr) == (0, "")
        heading, *rows = [line.split(None, 2) for line in ended.stdout.splitlines()]
        assert heading[:2] == ["PID", "PARENT"]
        assert rows[0] == ["100", "-", "exit 3             sh -c 'true\\x1b[31m'"]
        assert rows[1] == ["101", "100", "killed by SIGKILL    sh -c 'true\\x1b[31m'"]

    def test_dump_has_one_line_for_every_event_with_its_number(self, ask: Ask, archive: Path) -> None:
        ended = ask("dump", archive)
        assert (ended.status, ended.stderr) == (0, "")
        lines = ended.stdout.splitlines()
        assert [int(line.split()[0]) for line in lines] == list(range(len(EVENTS)))
        assert [int(line.split()[1]) for line in lines] == [event.task for event in EVENTS]
        assert "read(3, " in lines[1]
        assert lines[1].endswith(' = 5 [0x7000: "hello"]')
        assert "EBADF" in lines[8]
        assert "killed by SIGKILL" in lines[7]
        assert "\\n" in lines[6]

    def test_dump_of_a_range(self, ask: Ask, archive: Path) -> None:
        lines = ask("dump", "--from", "2", "--to", "4", archive).stdout.splitlines()
        assert [int(line.split()[0]) for line in lines] == [2, 3, 4]
        assert ask("dump", "--from", "1000", archive).stdout == ""

    def test_dump_of_a_task_and_of_syscalls(self, ask: Ask, archive: Path) -> None:
        def numbers(*filters: str) -> list[int]:
            return [int(line.split()[0]) for line in ask("dump", *filters, archive).stdout.splitlines()]

        assert numbers("--task", "101") == [5, 6, 7]
        assert numbers("--syscall", "read") == [1, 8]
        assert numbers("--syscall", "read", "--syscall", "getpid") == [1, 5, 8]
        assert numbers("--syscall", "fork") == [2, 4]
        assert numbers("--syscall", "read", "--task", "101") == []

    def test_dump_of_the_raw_stops(self, ask: Ask, archive: Path) -> None:
        ended = ask("dump", "--stops", "--from", "1", "--to", "1", archive)
        assert ended.status == 0
        assert "stop syscall-entry" in ended.stdout
        entry, exit_ = ended.stdout.split("stop syscall-exit")
        assert "rip 0000000000401000" in entry
        assert "rax 0000000000000000" in entry
        assert "rip 0000000000401000" in exit_
        assert "rax 0000000000000005" in exit_

    def test_dump_as_json(self, ask: Ask, archive: Path) -> None:
        ended = ask("dump", "--json", archive)
        assert (ended.status, ended.stderr) == (0, "")
        objects = [json.loads(line) for line in ended.stdout.splitlines()]
        assert [one["event"] for one in objects] == list(range(len(EVENTS)))
        assert [one["kind"] for one in objects] == [type(event).__name__ for event in EVENTS]
        first, second, *_ = objects
        assert first["arguments"] == ["sh", "-c", "true\x1b[31m"]
        assert second["name"] == "read"
        assert second["entry"]["rsi"] == "0x7000"
        assert second["exit"] == 5
        assert second["writes"] == [[0x7000, b"hello".hex()]]
        assert [stop["kind"] for stop in second["stops"]] == ["syscall_entry", "syscall_exit"]

    def test_info_as_json(self, ask: Ask, archive: Path) -> None:
        ended = ask("info", "--json", archive)
        assert (ended.status, ended.stderr) == (0, "")
        shown = json.loads(ended.stdout)
        assert shown["archive"] == str(archive)
        assert shown["size"] == archive.stat().st_size
        assert shown["header"]["command"] == ["sh", "-c", "true\x1b[31m"]
        assert shown["header"]["cpu"]["family"] == 6
        assert "environment" not in shown["header"]
        assert (shown["end"], shown["outcome"]["exit_status"]) == ("exit 3", 0x300)
        assert shown["completeness"]["event_count"] == len(EVENTS)
        with_environment = json.loads(ask("info", "--json", "--environment", archive).stdout)
        assert with_environment["header"]["environment"][0] == "A=1"

    def test_info_as_json_of_an_archive_that_was_cut_off(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        cut = tmp_path / "cut.redrive"
        cut.write_bytes(archive.read_bytes()[:-40])
        shown = json.loads(ask("info", "--json", cut).stdout)
        assert (shown["outcome"], shown["end"], shown["completeness"]["complete"]) == (None, None, False)

    def test_ps_as_json(self, ask: Ask, archive: Path) -> None:
        arguments = ["sh", "-c", "true\x1b[31m"]
        assert json.loads(ask("ps", "--json", archive).stdout) == [
            {"pid": 100, "parent": None, "wait_status": 0x300, "end": "exit 3", "arguments": arguments},
            {"pid": 101, "parent": 100, "wait_status": 9, "end": "killed by SIGKILL", "arguments": arguments},
        ]

    def test_ls_as_json(self, ask: Ask, traces: Path) -> None:
        assert json.loads(ask("ls", "--json").stdout) == []
        traces.mkdir()
        write_archive(traces / "sh-1.redrive")
        (traces / os.fsdecode(b"br\xffken-1.redrive")).write_bytes(b"nothing")
        shown = {one["name"]: one for one in json.loads(ask("ls", "--json").stdout)}
        assert set(shown) == {"sh-1", "br\udcffken-1"}
        whole, broken = shown["sh-1"], shown["br\udcffken-1"]
        assert (whole["end"], whole["start_time"], whole["events"]) == ("exit 3", 1700000000.0, len(EVENTS))
        assert (whole["command"][0], whole["complete"], whole["error"]) == ("sh", True, None)
        assert broken["size"] == 7 and "archive" in broken["error"]

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0.004, "0.00 s"), (59.99, "59.99 s"), (65, "1 min 05 s"), (11220.5, "3 h 07 min"), (-1, "-1.00 s")],
    )
    def test_times_for_people(self, seconds: float, words: str) -> None:
        assert describe_duration(seconds) == words

    def test_nothing_of_a_stranger_reaches_the_terminal(self, ask: Ask, archive: Path) -> None:
        for command in (
            ["info", "--environment"],
            ["info", "--json"],
            ["ps"],
            ["ps", "--json"],
            ["dump"],
            ["dump", "--json"],
            ["dump", "--stops"],
        ):
            assert all(one.isprintable() or one == "\n" for one in ask(*command, archive).stdout)
