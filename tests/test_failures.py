"""What goes wrong is said in a sentence: no traceback, a right exit status, whatever is broken."""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import Ask
from tests.redrive_command import Redrive


def _heed_interrupts() -> None:
    """In a child, before it executes: a background job's children have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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

    def test_a_program_that_ends_before_its_first_instruction(self, redrive: Redrive) -> None:
        """Half a program: the kernel has given up the old one when it finds that out, and kills."""
        half = redrive.folder / "half"
        half.write_bytes(Path("/bin/true").read_bytes()[:5000])
        half.chmod(0o755)
        if redrive.native("sh", "-c", "./half; [ $? = 139 ]").status:
            pytest.skip("this kernel finds that out in good time")
        recording = redrive.record(redrive.folder / "trace", "./half")
        assert recording.status == 1 and b"./half ended before its first instruction" in recording.said, str(recording)

    @pytest.mark.parametrize("number", [10, 20, 127])
    def test_too_few_descriptors_for_a_replay(self, redrive: Redrive, number: int) -> None:
        trace = redrive.folder / "trace"
        assert redrive.record(trace, "true").status == 0
        ended = redrive.behind("sh", "-c", f'ulimit -n {number}; exec "$@"', "sh").run("replay", trace)
        assert ended.status == 1
        said = f"redrive: a replay needs 128 descriptors, and the limit here (ulimit -Hn) is {number}\n"
        assert ended.said.decode() == said
        only_soft = redrive.behind("sh", "-c", f'ulimit -Sn {number}; exec "$@"', "sh").run("replay", trace)
        assert only_soft.status == 0, only_soft

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

    def test_output_that_a_replay_cannot_write(self, redrive: Redrive) -> None:
        trace = redrive.folder / "trace"
        assert redrive.record(trace, "sh", "-c", "echo output; exit 5").status == 5
        ended = redrive.native("sh", "-c", f"{shlex.join(redrive.command)} replay {trace} > /dev/full")
        assert ended.status == 1 and b"events replayed exactly" in ended.said, str(ended)
        assert b"redrive: stdout: No space left on device" in ended.said

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
        script = "from redrive.tools.start import start; print('begun', flush=True); start()"
        for _ in range(3):
            process = subprocess.Popen(
                (sys.executable, "-c", script, "dump", archive),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=_heed_interrupts,
            )
            # Python itself tells of an interrupt until it has loaded its own library.
            assert process.stdout is not None and process.stdout.readline() == b"begun\n"
            time.sleep(0.02 + chances.random() * 0.3)
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
