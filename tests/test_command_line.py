"""The command line, as a user meets it: real processes, their output and their exit statuses."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Clone, Exec, Exit, Note, Syscall, SyscallEntry, SyscallExit
from redrive.formats.frames import FORMAT_VERSION
from redrive.formats.header import CpuIdentification, Header
from redrive.formats.outcome import Outcome
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.tools.description import describe_duration
from redrive.tracee import registers as regs
from tests.fuzz import mutations
from tests.redrive_command import Redrive

ENTRY = regs.replace(bytes(regs.SIZE), rdi=3, rsi=0x7000, rdx=5, orig_rax=0, rip=0x401000)
STOPS = encode_stop(Stop(StopKind.SYSCALL_ENTRY, StopRegisters.FIRST, 0)) + encode_stop(
    Stop(StopKind.SYSCALL_EXIT, StopRegisters.SECOND, 0)
)
READ, WAIT4, GETPID = 0, 61, 39
EVENTS = (
    Exec(100, 100, b"/bin/sh", (b"sh", b"-c", b"true\x1b[31m"), (b"A=1",), ENTRY, b"", 8 << 20, (), (), b""),
    Syscall(100, READ, ENTRY, 5, ((0x7000, b"hello"),), (), (), STOPS),
    SyscallEntry(100, 57, ENTRY, (), (), b""),
    Clone(100, 101, 17, ENTRY, (), b""),
    SyscallExit(100, 57, 101, b"", (), (), b""),
    Syscall(101, GETPID, ENTRY, 101, (), (), (), b""),
    Note(101, "an ioctl\n that nobody knows"),
    Exit(101, signal.SIGKILL, (), b""),
    Syscall(100, READ, ENTRY, -9, (), (), (), b""),
    Exit(100, 0x300, (), b""),
)


def write_archive(path: Path, *, close: bool = True) -> None:
    """A trace of a shell with one child, as a recorder would have written it."""
    header = Header(
        format_version=FORMAT_VERSION,
        redrive_version="0.1.0",
        kernel_release="6.1.0",
        kernel_version="#1 SMP",
        machine="x86_64",
        regime="R3",
        features={"sysemu": True},
        cpu=CpuIdentification("GenuineIntel", "A processor", 6, 85, 7, (), 7, ()),
        page_size=4096,
        command=(b"sh", b"-c", b"true\x1b[31m"),
        working_directory=b"/home/user",
        environment=(b"A=1", b"PROMPT=\x1b]0;title\x07"),
        start_time=1700000000.0,
        options={},
    )
    writer = ArchiveWriter(path, header)
    for event in EVENTS:
        writer.write(event)
    writer.close(Outcome(True, "", 1700000001.5, 0x300, {}))


WITHOUT_PTRACE = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
# The number of the syscall; ptrace (101) fails with EPERM, all others are allowed: linux/filter.h, linux/seccomp.h.
rules = (0x20, 0, 0, 0), (0x15, 0, 1, 101), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)
program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *rule) for rule in rules))
header = struct.pack("<HxxxxxxQ", len(rules), ctypes.addressof(program))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, header) == 0
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Answer(NamedTuple):
    """How a command ended and what it printed; ``stderr`` is the program's words, then Redrive's own."""

    status: int
    stdout: str
    stderr: str


def _heed_interrupts() -> None:
    """In a child, before it executes: a background job's children have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(redrive: Redrive) -> Ask:
    """Runs `redrive ARGUMENTS...`, with more variables in its environment where they are given."""

    def run(*arguments: str | Path, **environment: str) -> Answer:
        ended = replace(redrive, environment={**redrive.environment, **environment}).run(*arguments)
        return Answer(ended.status, ended.stdout.decode(), (ended.stderr + ended.said).decode())

    return run


@pytest.fixture
def traces(redrive: Redrive) -> Path:
    """The trace directory."""
    return redrive.folder / "traces"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small trace outside of the trace directory."""
    path = tmp_path / "sample.redrive"
    write_archive(path)
    return path


class TestUsage:
    def test_no_command_is_wrong_usage_and_shows_what_there_is(self, ask: Ask) -> None:
        ended = ask()
        assert ended.status == 2
        assert ended.stdout == ""
        for command in ("record", "replay", "info", "ps", "dump", "verify", "repair", "ls", "rm", "doctor"):
            assert f"  {command} " in ended.stderr

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["frobnicate"], "frobnicate"),
            (["--frobnicate"], "--frobnicate"),
            (["record"], "CMD"),
            (["record", "--frobnicate", "true"], "--frobnicate"),
            (["rm"], "FILE"),
            (["info", "one", "two"], "two"),
            (["dump", "--from", "minus"], "minus"),
            (["dump", "--syscall", "opennat"], "opennat"),
            (["dump", "--json", "--stops"], "--stops"),
        ],
    )
    def test_wrong_usage_is_one_sentence_and_2(self, ask: Ask, arguments: list[str], complaint: str) -> None:
        ended = ask(*arguments)
        assert ended.status == 2
        assert ended.stdout == ""
        [line] = ended.stderr.splitlines()
        assert line.startswith("redrive: ")
        assert complaint in line
        assert "--help" in line

    def test_help_of_every_command(self, ask: Ask) -> None:
        for command in ("record", "replay", "info", "ps", "dump", "verify", "repair", "ls", "rm", "doctor"):
            ended = ask(command, "--help")
            assert ended.status == 0
            assert ended.stdout.startswith(f"Usage: redrive {command}")

    def test_help_does_not_load_the_engine(self) -> None:
        program = (
            "import sys; from redrive.tools.main import redrive; redrive.main(['--help'], standalone_mode=False);"
            "print([name for name in sys.modules if 'msgpack' in name or 'zstandard' in name or 'cffi' in name"
            " or name.startswith(('redrive.formats', 'redrive.tracee', 'redrive.recorder', 'redrive.replayer'))])"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        assert ended.stdout.splitlines()[-1] == "[]"

    def test_the_errors_that_are_explained_exist(self) -> None:
        import importlib

        from redrive.tools.failures import EXPECTED

        for name in EXPECTED:
            module, _, kind = name.rpartition(".")
            assert issubclass(getattr(importlib.import_module(module), kind), Exception)


class TestFailures:
    def test_a_missing_archive_is_one_sentence_and_1(self, ask: Ask) -> None:
        for command in ("info", "ps", "dump", "verify", "repair", "replay", "rm"):
            ended = ask(command, "/no/such/trace")
            assert (ended.status, ended.stdout) == (1, "")
            assert ended.stderr.startswith("redrive: there is no trace /no/such/trace")
            assert len(ended.stderr.splitlines()) == 1

    def test_no_latest_archive(self, ask: Ask) -> None:
        ended = ask("info")
        assert ended.status == 1
        assert "nothing has been recorded yet" in ended.stderr

    def test_a_file_that_is_no_archive(self, ask: Ask, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"#!/bin/sh\necho ran\n" * 100)
        other.chmod(0o755)
        for command in ("info", "ps", "dump", "verify", "repair", "replay"):
            ended = ask(command, other)
            assert (ended.status, ended.stdout) == (1, "")
            assert ended.stderr.startswith(f"redrive: {other}: ")
            assert "Traceback" not in ended.stderr

    def test_an_error_of_our_own_is_said_to_be_one_and_debug_shows_where(self, redrive: Redrive) -> None:
        program = (
            "import redrive.tools.main as it, redrive.tools.archive_argument as argument\n"
            "argument.find_archive = lambda file: 1 // 0\nit.main()"
        )
        broken = replace(redrive, command=(sys.executable, "-c", program))
        ended = broken.run("info")
        assert (ended.status, ended.stderr) == (1, b"")
        assert b"error of Redrive's own" in ended.said
        assert b"ZeroDivisionError" in ended.said
        debugged = replace(broken, environment={**broken.environment, "REDRIVE_DEBUG": "1"}).run("info")
        assert debugged.status == 1
        assert b"Traceback" in debugged.stderr
        assert b"error of Redrive's own" in debugged.said

    @pytest.mark.parametrize(
        "broken",
        [
            "threading.Thread(target=lambda: 1 // 0).start()",
            "atexit.register(lambda: 1 // 0)",
            "it.explain = lambda error: 1 // 0; argument.find_archive = lambda file: 1 // 0",
            "argument.late = type('Late', (), {'__del__': lambda self: 1 // 0})()",
        ],
        ids=["in a thread", "at the end", "while an error is explained", "in a finalizer"],
    )
    def test_no_traceback_wherever_it_goes_wrong(self, redrive: Redrive, archive: Path, broken: str) -> None:
        program = (
            "import atexit, threading, redrive.tools.main as it, redrive.tools.archive_argument as argument\n"
            f"from redrive.tools.debugging import hide_tracebacks\nhide_tracebacks()\n{broken}\nit.main()"
        )
        ended = replace(redrive, command=(sys.executable, "-c", program)).run("info", archive)
        assert (b"Traceback" in ended.stderr, ended.stderr) == (False, b""), ended
        debugged = replace(
            redrive, command=(sys.executable, "-c", program), environment={**redrive.environment, "REDRIVE_DEBUG": "1"}
        )
        assert b"ZeroDivisionError" in debugged.run("info", archive).stderr

    def test_a_debugging_run_ends_as_others_do(self, ask: Ask) -> None:
        ended = ask("info", "/no/such/trace", REDRIVE_DEBUG="1")
        assert ended.status == 1
        assert "NoSuchTrace" in ended.stderr and "redrive: there is no trace" in ended.stderr
        assert ask("frobnicate", REDRIVE_DEBUG="1").status == 2

    def test_a_log_of_stops(self, ask: Ask, tmp_path: Path) -> None:
        log = tmp_path / "log"
        ended = ask("record", "sh", "-c", "(exit 3); kill -USR1 $$", REDRIVE_DEBUG=str(log))
        assert ended.status == -signal.SIGUSR1
        assert len(ended.stderr.splitlines()) == 1, ended.stderr
        lines = [line.split() for line in log.read_text().splitlines()]
        assert all(re.fullmatch(r"\d+\.\d{6}", when) and task.isdigit() for when, task, *_ in lines)
        kinds = {" ".join(words[:2]) for _, _, *words in lines}
        assert {
            "event exec",
            "event seccomp",
            "event fork",
            "event exit",
            "exited 3",
            f"signal {signal.SIGUSR1}",
        } <= kinds
        assert any(kind.startswith("syscall-stop") for kind in kinds)
        assert "killed by signal 10" in log.read_text()
        before = len(lines)
        assert ask("replay", REDRIVE_DEBUG=str(log)).status == 0
        assert len(log.read_text().splitlines()) > before
        shown = ask("record", "true", REDRIVE_DEBUG="1").stderr
        assert " event exec " in shown
        refused = ask("record", "true", REDRIVE_DEBUG="/no/such/folder/log")
        assert refused.status == 1 and "redrive: /no/such/folder/log: No such file or directory" in refused.stderr

    def test_a_full_disk_behind_stdout_and_stderr(self, redrive: Redrive, archive: Path, traces: Path) -> None:
        for command in (["info", archive], ["dump", archive], ["--help"], ["man"], ["ls", "--json"]):
            with open("/dev/full", "wb") as full:
                arguments = ["env", f"REDRIVE_TRACE_DIR={traces}", *redrive.command, *command]
                ended = subprocess.run(
                    arguments,
                    stdout=full,
                    stderr=subprocess.PIPE,
                    timeout=60,
                    env=dict(redrive.environment),
                    check=False,
                )
                assert (ended.returncode, ended.stderr.count(b"\n")) == (1, 1), ended
                assert ended.stderr.startswith(b"redrive: ") and b"No space left" in ended.stderr
                both = subprocess.run(arguments, stdout=full, stderr=full, timeout=60, check=False)
                assert both.returncode == 1
                recording = [
                    *redrive.command,
                    "record",
                    "-o",
                    redrive.folder / f"trace-{command[0]}",
                    "sh",
                    "-c",
                    "exit 5",
                ]
                assert subprocess.run(recording, stderr=full, timeout=60, check=False).returncode == 5

    def test_a_stderr_that_is_full_does_not_change_how_a_recording_ends(self, redrive: Redrive) -> None:
        for number, script in enumerate(("exit 5", "kill -9 $$")):
            recording = [*redrive.command, "record", "-o", redrive.folder / f"trace{number}", "sh", "-c", script]
            with open("/dev/full", "wb") as full:
                status = subprocess.run(recording, stderr=full, timeout=60, check=False).returncode
            assert status == (5, -9)[number]

    @pytest.mark.parametrize("lines", [1, 3])
    def test_a_reader_that_has_seen_enough(self, redrive: Redrive, lines: int) -> None:
        assert (
            redrive.run("record", "-o", "trace", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do (exit $i); done").status
            == 9
        )
        for command in ("dump trace", "dump --json trace", "info trace", "man", "--help"):
            words = shlex.join(redrive.command)
            script = f"{words} {command} | head -n {lines} > shown; exit ${{PIPESTATUS[0]}}"
            ended = redrive.native("bash", "-c", script)
            assert ended.status in (0, 1) and ended.stderr == b"" and ended.said == b"", ended
            assert (redrive.folder / "shown").read_bytes().count(b"\n") == lines

    @pytest.mark.parametrize("seed", range(8))
    def test_ctrl_c_at_any_time_is_quiet(self, redrive: Redrive, archive: Path, seed: int) -> None:
        """Interrupted after a time that is another each run: while it loads, works, and ends."""
        chances = random.Random(seed)
        command = (sys.executable, "-c", "from redrive.tools.start import start; start()", "dump", archive)
        for _ in range(3):
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=_heed_interrupts
            )
            # Python itself tells of an interrupt until it has loaded its own library.
            time.sleep(0.06 + chances.random() * 0.3)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
            assert process.returncode in (0, -signal.SIGINT), stderr
            assert b"Traceback" not in stderr or b"redrive" not in stderr, stderr

    def test_a_closed_pipe_ends_quietly(self, redrive: Redrive, archive: Path) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run([*redrive.command, "dump", archive], stdout=writing, stderr=subprocess.PIPE, timeout=60)
        os.close(writing)
        assert (ended.returncode, ended.stderr) == (1, b"")


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


class TestVerify:
    def test_a_whole_archive(self, ask: Ask, archive: Path) -> None:
        ended = ask("verify", archive)
        assert (ended.status, ended.stderr) == (0, "")
        shown = dict(line.split(None, 1) for line in ended.stdout.splitlines())
        assert shown["events"] == str(len(EVENTS))
        assert shown["blobs"] == "0"
        assert shown["ended"] == "The recording is complete."
        assert shown["verdict"] == "whole"

    def test_one_that_was_not_closed_is_whole(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        cut = tmp_path / "cut.redrive"
        cut.write_bytes(archive.read_bytes()[:-60])
        ended = ask("verify", cut)
        assert (ended.status, ended.stderr) == (0, "")
        assert "\nverdict      whole, but not closed\n" in ended.stdout
        assert "of a frame that was never written to its end" in ended.stdout

    def test_each_damaged_place_is_named(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged\x1b.redrive"
        data = bytearray(archive.read_bytes())
        data[data.index(b"\xf5RDF\x02") + 50] ^= 1
        damaged.write_bytes(data)
        ended = ask("verify", damaged)
        assert (ended.status, ended.stderr) == (1, "")
        first, *lines = ended.stdout.splitlines()
        offset = data.index(b"\xf5RDF\x02")
        assert first == f"{tmp_path}/damaged\\x1b.redrive: the frame at offset {offset} does not have its checksum"
        assert lines[-2:] == ["lost         10 events and 0 blobs at least", "verdict      damaged in 1 place"]


class TestRepair:
    def test_what_is_whole_is_replayed_to_where_it_ends(self, ask: Ask, redrive: Redrive) -> None:
        damaged, written = redrive.folder / "run.redrive", redrive.folder / "run-repaired.redrive"
        recorded = redrive.record(damaged, "sh", "-c", "echo one; sleep 0.4; echo two; sleep 0.4; echo three")
        assert recorded.status == 0, recorded
        lines = ask("dump", "--syscall", "write", damaged).stdout.splitlines()
        written_at = {line.split('"')[1]: int(line.split()[0]) for line in lines}
        data = bytearray(damaged.read_bytes())
        lost = next(
            frame
            for frame in mutations.frames_of(bytes(data))
            if frame.first_event <= written_at["three\\n"] < frame.first_event + frame.event_count
        )
        data[lost.stored_offset + 9] ^= 1
        damaged.write_bytes(data)

        assert ask("verify", damaged).status == 1
        ended = ask("repair", damaged)
        assert (ended.status, ended.stdout) == (0, "")
        assert ended.stderr.startswith(f"redrive: {lost.first_event} events and ")
        assert f" in {written}\n" in ended.stderr
        assert f"redrive: From event {lost.first_event} on it was lost: " in ended.stderr
        assert damaged.read_bytes() == data
        verified = ask("verify", written)
        assert (verified.status, verified.stdout.splitlines()[-1]) == (0, "verdict      whole")
        assert f"trace        From event {lost.first_event} on " in ask("info", written).stdout
        replay = ask("replay", written)
        assert replay.status == 0, replay
        assert replay.stdout == "".join(
            f"{word}\n" for word in ("one", "two") if written_at[f"{word}\\n"] < lost.first_event
        )
        assert f"the trace ends early: From event {lost.first_event} on " in replay.stderr

    def test_nothing_is_overwritten(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"precious")
        for arguments in ([archive, "-o", other], [archive, "-o", archive]):
            ended = ask("repair", *arguments)
            assert ended.status == 1
            assert "exists already" in ended.stderr
        assert other.read_bytes() == b"precious"
        assert ask("repair", archive, "-o", tmp_path / "no" / "folder").status == 1
        assert ask("repair", archive, "-o", tmp_path / "new").status == 0
        assert ask("dump", tmp_path / "new").stdout == ask("dump", archive).stdout


class TestTraceDirectory:
    def test_ls_and_rm(self, ask: Ask, traces: Path) -> None:
        assert (ask("ls").stdout, ask("ls").status) == ("", 0)
        traces.mkdir()
        for name in ("sh-1", "sh-2"):
            write_archive(traces / f"{name}.redrive")
        (traces / "broken-1.redrive").write_bytes(b"nothing")
        lines = {line.split()[0]: line for line in ask("ls").stdout.splitlines()}
        assert set(lines) == {"sh-1", "sh-2", "broken-1"}
        assert "exit 3" in lines["sh-1"]
        assert "sh -c" in lines["sh-1"]
        assert "unreadable" in lines["broken-1"]

        ended = ask("rm", "sh-1", "broken-1")
        assert (ended.status, ended.stdout) == (0, "")
        assert sorted(path.name for path in traces.glob("*.redrive")) == ["sh-2.redrive"]
        assert ask("rm", "sh-1").status == 1

    def test_rm_of_the_latest_removes_the_archive(self, ask: Ask, traces: Path) -> None:
        traces.mkdir()
        for name in ("sh-1", "sh-2"):
            write_archive(traces / f"{name}.redrive")
        (traces / "latest").symlink_to("sh-2.redrive")
        assert ask("rm", "latest").status == 0
        assert not (traces / "sh-2.redrive").exists()
        assert (traces / "sh-1.redrive").exists()

    def test_a_file_is_left_out_named_or_given_as_a_path(self, ask: Ask, traces: Path) -> None:
        traces.mkdir()
        write_archive(traces / "sh-1.redrive")
        (traces / "latest").symlink_to("sh-1.redrive")
        shown = [ask("ps", *name).stdout for name in ([], ["latest"], ["sh-1"], [traces / "sh-1.redrive"])]
        assert len(set(shown)) == 1
        assert "sh -c" in shown[0]

    def test_xdg_data_home(self, ask: Ask, tmp_path: Path) -> None:
        folder = tmp_path / "data" / "redrive"
        folder.mkdir(parents=True)
        write_archive(folder / "sh-7.redrive")
        ended = ask("ls", REDRIVE_TRACE_DIR="", XDG_DATA_HOME=str(tmp_path / "data"))
        assert ended.stdout.startswith("sh-7 ")


class TestDoctor:
    def test_it_tells_what_works_here(self, ask: Ask) -> None:
        ended = ask("doctor")
        assert ended.status == 0, ended.stdout
        assert ended.stderr == ""
        for subject in (
            "machine",
            "ptrace scope",
            "regime",
            "PTRACE_SYSEMU",
            "CPUID faulting",
            "xsave area",
            "archives",
        ):
            assert f" {subject} " in ended.stdout

    def test_in_a_container(self, redrive: Redrive, launcher: Callable[[str], Path]) -> None:
        ended = redrive.behind(launcher("docker_filter")).run("doctor")
        assert ended.status == 0, ended
        found = {line[9:25].strip(): line for line in ended.stdout.decode().splitlines() if line[:1] != " "}
        assert found["address layout"].startswith("limited")
        assert "a filter is inherited" in found["seccomp"]
        assert found["PTRACE_SYSEMU"].startswith("good")

    def test_where_nothing_can_be_traced(self, redrive: Redrive) -> None:
        ended = redrive.behind(sys.executable, "-c", WITHOUT_PTRACE).run("doctor")
        assert ended.status == 1
        assert b"broken   tracing" in ended.stdout
        assert b"allow ptrace" in ended.stdout
        recording = redrive.behind(sys.executable, "-c", WITHOUT_PTRACE).run("record", "true")
        assert recording.status == 1
        assert b"redrive doctor" in recording.said

    def test_colour_is_for_terminals_and_can_be_refused(self, ask: Ask, redrive: Redrive) -> None:
        def on_a_terminal(**environment: str) -> str:
            child = pexpect.spawn(
                redrive.command[0],
                [*redrive.command[1:], "doctor"],
                env={**redrive.environment, **environment},
                encoding="utf-8",
                timeout=60,
            )
            child.expect(pexpect.EOF)
            return str(child.before)

        assert "\x1b[" in on_a_terminal()
        assert "\x1b[" in on_a_terminal(NO_COLOR="")
        assert "\x1b[" not in on_a_terminal(NO_COLOR="1")
        assert "\x1b[" not in ask("doctor").stdout


class TestRecordAndReplay:
    @pytest.mark.parametrize("status", [0, 1, 77, 255])
    def test_record_exits_as_the_command_did(self, ask: Ask, status: int) -> None:
        ended = ask("record", "sh", "-c", f"echo out; echo err >&2; exit {status}")
        assert ended.status == status
        assert ended.stdout == "out\n"
        assert ended.stderr.splitlines()[0] == "err"
        assert all(line.startswith("redrive: ") for line in ended.stderr.splitlines()[1:])

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMIN + 2])
    def test_record_dies_by_the_same_signal(self, ask: Ask, number: int) -> None:
        assert ask("record", "sh", "-c", f"kill -{int(number)} $$").status == -number

    def test_options_after_the_command_are_its_own(self, ask: Ask) -> None:
        assert ask("record", "echo", "--verify", "-o", "x").stdout == "--verify -o x\n"
        assert ask("record", "--", "sh", "-c", "echo $1", "sh", "--help").stdout == "--help\n"

    def test_a_command_that_is_not_there(self, ask: Ask, traces: Path, tmp_path: Path) -> None:
        ended = ask("record", "no-such-command")
        assert ended.status == 127
        assert ended.stderr.startswith("redrive: ")
        assert "no-such-command" in ended.stderr
        plain = tmp_path / "plain"
        plain.write_text("text")
        assert ask("record", plain).status == 126
        assert list(traces.glob("*.redrive")) == []

    def test_a_recording_is_looked_at_and_replayed(self, ask: Ask, traces: Path) -> None:
        recorded = ask("record", "sh", "-c", "date +%N; echo to stderr >&2; (exit 3); exit 4")
        assert recorded.status == 4
        [archive] = traces.glob("*.redrive")
        assert archive.name == "sh-1.redrive"
        assert archive.stat().st_mode & 0o777 == 0o600
        replayed = ask("replay")
        assert replayed.status == 0, replayed.stderr
        assert replayed.stdout == recorded.stdout
        assert replayed.stderr.startswith("to stderr\n")
        assert ask("replay", "--quiet").stdout == ""
        tree = ask("ps").stdout
        assert "date +%N" in tree
        assert "exit 3" in tree
        assert "exit 4" in ask("info").stdout
        assert "execve(" in ask("dump", "--syscall", "execve").stdout
        assert ask("dump", "--json").stdout.count("\n") == len(ask("dump").stdout.splitlines())

    def test_output_names_the_archive_and_latest_follows(self, ask: Ask, tmp_path: Path) -> None:
        path = tmp_path / "mine"
        assert ask("record", "-o", path, "true").status == 0
        assert str(path) in ask("info").stdout.splitlines()[0]
        before = path.read_bytes()
        ended = ask("record", "-o", path, "true")
        assert ended.status == 1
        assert str(path) in ended.stderr
        assert path.read_bytes() == before

    def test_verify(self, ask: Ask) -> None:
        ended = ask("record", "--verify", "sh", "-c", "echo once; exit 5")
        assert ended.status == 5
        assert ended.stdout == "once\n"
        assert "exact" in ended.stderr

    def test_a_portable_recording_leaves_out_lazy_binding(self, ask: Ask) -> None:
        for options, found in (((), ""), (("--portable",), "1\n")):
            assert ask("record", *options, "--", "printenv", "LD_BIND_NOW").stdout == found
