"""`redrive hunt` and `record --keep`: real processes that fail now and then, hang, die, and are broken off."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from redrive.recorder.attempt import OUTPUT_LIMIT, Output
from tests.processes import processes_in, until
from tests.redrive_command import DEADLINE, Redrive, Run

ROLL = 'roll=$((RANDOM % 6 + 1)); echo "$$ rolled $roll"; echo to stderr >&2; [ $roll -ne 3 ]'
ONCE_IN_SIX = ("bash", "-c", ROLL)
THIRD_RUN = 'echo >> count; [ $(wc -l < count) -lt 3 ] || { echo "the third"; FAIL; }'
"""For one job: two runs pass, and then comes FAIL."""
MEET = "touch here.$$; until [ $(ls here.* | wc -l) -ge 2 ]; do sleep 0.02; done; exit 4"
"""Ends only when two of them run at the same time."""
LONG_ENOUGH = f"{DEADLINE / 40:g}"
"""Seconds in which a run that does next to nothing ends: 1.5, but on an emulated CPU."""
KILL_THE_RECORDER = r"kill -9 $(sed -n 's/TracerPid:\s*//p' /proc/$$/status)"


def kept(traces: Path) -> list[str]:
    """What a trace directory holds, hidden files and all."""
    return sorted(os.listdir(traces)) if traces.exists() else []


def third(failure: str) -> tuple[str, ...]:
    """A command that fails so in its third run."""
    return ("bash", "-c", THIRD_RUN.replace("FAIL", failure))


class TestFailures:
    def test_it_hunts_until_a_run_fails_and_keeps_that_one(self, redrive: Redrive, traces: Path) -> None:
        hunt = redrive.run("hunt", "-j1", "--", *ONCE_IN_SIX)
        assert hunt.status == 1, str(hunt)
        assert re.fullmatch(rb"\d+ rolled 3\nto stderr\n", hunt.stdout), str(hunt)
        assert hunt.stderr == b"", "the output of all runs is shown on stdout"
        assert kept(traces) == ["bash-1.redrive", "latest"]
        replay = redrive.run("replay")
        assert (replay.status, replay.stdout + replay.stderr) == (0, hunt.stdout), str(replay)
        [words] = re.findall(rb"to see it again: redrive (.*)\n", hunt.said)
        assert redrive.run(*words.decode().split()).stdout == replay.stdout

    def test_none_fails(self, redrive: Redrive, traces: Path) -> None:
        assert redrive.run("record", "true").status == 0
        before = kept(traces)
        hunt = redrive.run("hunt", "--runs", "5", "sh", "-c", "echo >> count; echo quiet")
        assert hunt.status == 0, str(hunt)
        assert hunt.stdout == b""
        assert b"5 runs in" in hunt.said and b"5 passed, 0 failed" in hunt.said
        assert len((redrive.folder / "count").read_bytes()) == 5
        assert kept(traces) == before
        assert b"true" in redrive.run("info").stdout, "the latest is the one before"

    @pytest.mark.parametrize(
        ("options", "failure", "said", "ended"),
        [
            ([], "exit 7", b"exit 7", b"exit 7"),
            ([], "kill -SEGV $$", b"killed by SIGSEGV", b"killed by SIGSEGV"),
            (["--fail-if", "the [tT]hird$"], "true", b"output with the [tT]hird$", b"exit 0"),
            (["--fail-if", "^no such line"], "exit 9", b"exit 9", b"exit 9"),
            (["--timeout", LONG_ENOUGH], "sleep 1000", f"no end after {LONG_ENOUGH} s".encode(), b"not ended"),
            (["--timeout", LONG_ENOUGH], "sleep 1000 & exit 0", f"no end after {LONG_ENOUGH} s".encode(), b"exit 0"),
        ],
        ids=["exit", "signal", "output", "not the output", "timeout", "timeout of a child"],
    )
    def test_the_third_run_fails(
        self, redrive: Redrive, traces: Path, options: list[str], failure: str, said: bytes, ended: bytes
    ) -> None:
        hunt = redrive.run("hunt", "-j1", *options, *third(failure))
        assert hunt.status == 1, str(hunt)
        assert b"run 3 failed: " + said in hunt.said, str(hunt)
        assert b"2 passed, 1 failed" in hunt.said
        assert kept(traces) == ["bash-1.redrive", "latest"]
        [line] = (line for line in redrive.run("info").stdout.splitlines() if line.startswith(b"ended"))
        assert ended in line
        replay = redrive.run("replay")
        assert replay.status == 0, str(replay)
        assert b"the third\n" in replay.stdout

    def test_keep_going(self, redrive: Redrive, traces: Path) -> None:
        count = "echo >> count; n=$(wc -l < count); [ $((n % 2)) = 0 ] || exit $n"
        hunt = redrive.run("hunt", "-j1", "-n6", "--keep-going", "sh", "-c", count)
        assert hunt.status == 1, str(hunt)
        assert b"6 runs in" in hunt.said and b"3 passed, 3 failed" in hunt.said
        assert kept(traces) == ["latest", "sh-1.redrive", "sh-2.redrive", "sh-3.redrive"]
        for number, status in ((1, 1), (2, 3), (3, 5)):
            assert b"exit %d," % status in redrive.run("info", f"sh-{number}").stdout
            assert b"  exit %d: run %d\n" % (status, status) in hunt.said


class TestNoVerdict:
    def test_a_command_that_is_not_there(self, redrive: Redrive, traces: Path) -> None:
        hunt = redrive.run("hunt", "no-such-command")
        assert (hunt.status, hunt.said.count(b"\n")) == (127, 1), str(hunt)
        assert b"no-such-command" in hunt.said
        assert kept(traces) == []

    @pytest.mark.parametrize(
        "options",
        [
            ["--fail-if", "("],
            ["--jobs", "0"],
            ["--runs", "0"],
            ["--timeout", "0"],
            ["--timeout", "-1"],
            ["--timeout", "nan"],
        ],
    )
    def test_wrong_usage(self, redrive: Redrive, options: list[str]) -> None:
        hunt = redrive.run("hunt", *options, "true")
        assert (hunt.status, hunt.said.count(b"\n")) == (2, 1), str(hunt)

    def test_a_recorder_that_dies_ends_no_hunt_that_keeps_going(self, redrive: Redrive, traces: Path) -> None:
        hunt = redrive.run("hunt", "-j1", "-n4", "--keep-going", *third(KILL_THE_RECORDER))
        assert hunt.status == 125, str(hunt)
        assert b"2 passed, 2 failed" in hunt.said
        assert hunt.said.count(b"failed: not recorded") == 2
        # Up to its last whole frame.
        assert b"cut off" in redrive.run("info", "bash-1").stdout

    def test_what_cannot_be_recorded(self, redrive: Redrive, launcher: Callable[[str], Path]) -> None:
        program = launcher("compatibility_calls")
        if b"no 32-bit" in redrive.native(program).stdout:
            pytest.skip("this kernel has no 32-bit syscalls")
        hunt = redrive.run("hunt", "-j1", program)
        assert hunt.status == 125 and b"32-bit" in hunt.said, str(hunt)

    def test_no_room_for_an_archive(self, redrive: Redrive) -> None:
        words = shlex.join([*redrive.command, "hunt", "--runs", "2", "true"])
        hunt = redrive.native("sh", "-c", f"ulimit -f 1; exec {words}")
        assert b"cannot be written: File too large" in hunt.said and b"Redrive's own" not in hunt.said, str(hunt)
        assert hunt.status == 125, str(hunt)


class TestJobs:
    def test_two_at_once_each_on_a_cpu_of_its_own(self, redrive: Redrive) -> None:
        hunt = redrive.run("hunt", "-n2", "-j2", "--keep-going", "--timeout", "30", "bash", "-c", MEET)
        assert b"  exit 4, 2 times: " in hunt.said, str(hunt)
        if len(os.sched_getaffinity(0)) > 1:
            shown = [redrive.run("info", name).stdout for name in ("bash-1", "bash-2")]
            assert len({re.findall(rb"\ncpu .*|options .*cpu (\d+)", text)[-1] for text in shown}) == 2

    def test_as_many_as_there_are_cpus(self, redrive: Redrive) -> None:
        count = len(os.sched_getaffinity(0))
        meet = MEET.replace("-ge 2", f"-ge {count}")
        hunt = redrive.run("hunt", "-n", str(count), "--keep-going", "--timeout", "30", "bash", "-c", meet)
        assert hunt.status == 1 and b"exit 4" in hunt.said, str(hunt)
        assert b"no end" not in hunt.said

    def test_the_program_sees_all_its_cpus_and_no_terminal(self, redrive: Redrive) -> None:
        look = "nproc; readlink /proc/self/fd/0; ps -o tty= -p $$; exit 1"
        hunt = redrive.run("hunt", "-n1", "bash", "-c", look, stdin=b"not for it")
        assert hunt.stdout.split() == [b"%d" % len(os.sched_getaffinity(0)), b"/dev/null", b"?"], str(hunt)

    def test_it_is_out_of_reach_of_the_terminal(self, redrive: Redrive) -> None:
        """The recorder, which is its parent, leads a session of its own."""
        assert redrive.run("hunt", "-n1", "bash", "-c", "[ $(ps -o sid= -p $$) = $PPID ]").status == 0

    def test_one_outlasts_the_others(self, redrive: Redrive) -> None:
        """Its process keeps descriptors of the hunt's open, which are closed there and used again."""
        hunt = redrive.run("hunt", "-n30", "-j2", "sh", "-c", "mkdir first && exit 0; mkdir long && sleep 2; exit 0")
        assert hunt.status == 0 and b"30 passed" in hunt.said, str(hunt)

    def test_what_passed_is_removed_at_once(self, redrive: Redrive) -> None:
        count = "[ $(ls $REDRIVE_TRACE_DIR/.hunt-* | wc -l) = 1 ]"
        hunt = redrive.run("hunt", "-n3", "-j1", "sh", "-c", count)
        assert hunt.status == 0 and b"3 passed" in hunt.said, str(hunt)

    def test_as_an_ordinary_user(self, ordinary: Redrive) -> None:
        hunt = ordinary.run("hunt", "-j1", "--timeout", "30", "--", *ONCE_IN_SIX)
        assert hunt.status == 1, str(hunt)
        replay = ordinary.run("replay")
        assert replay.stdout + replay.stderr == hunt.stdout

    def test_two_that_fail_at_the_same_time_are_both_kept(self, redrive: Redrive, traces: Path) -> None:
        """Or the second is broken off before it fails: it is then neither shown nor kept."""
        hunt = redrive.run("hunt", "-j2", "--timeout", "30", "bash", "-c", MEET.replace("exit", "echo $$; exit"))
        assert hunt.status == 1, str(hunt)
        written = hunt.stdout.split()
        assert len(written) in (1, 2) and b"0 passed, %d failed" % len(written) in hunt.said, str(hunt)
        assert kept(traces) == [*(f"bash-{number + 1}.redrive" for number in range(len(written))), "latest"]
        assert [redrive.run("replay", f"bash-{number + 1}").stdout.strip() for number in range(len(written))] == written
        [words] = re.findall(rb"to see it again: redrive (.*)\n", hunt.said)
        assert redrive.run(*words.decode().split()).stdout == redrive.run("replay").stdout, "the latest"


@pytest.fixture
def endless(redrive: Redrive) -> Iterator[subprocess.Popen[bytes]]:
    """A hunt of two jobs whose runs never end, once both are there."""
    command = [*redrive.command, "hunt", "-j2", "sh", "-c", "echo > here.$$; sleep 1000 & wait"]
    hunt = subprocess.Popen(
        command, cwd=redrive.folder, env=redrive.environment, stderr=subprocess.PIPE, start_new_session=True
    )
    until(lambda: len(list(redrive.folder.glob("here.*"))) == 2 and len(processes_in(redrive.folder)) == 7)
    yield hunt
    if hunt.poll() is None:
        hunt.kill()
    hunt.wait()


class TestBreakingOff:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_it_in_good_order(
        self, endless: subprocess.Popen[bytes], redrive: Redrive, traces: Path, number: int
    ) -> None:
        os.kill(endless.pid, number)
        _, said = endless.communicate(timeout=DEADLINE)
        assert endless.returncode == -number
        assert b"redrive: 0 runs in" in said and b"ended by a signal: 0 passed, 0 failed" in said
        assert processes_in(redrive.folder) == []
        assert kept(traces) == []

    def test_nothing_outlives_a_hunt_that_is_killed(
        self, endless: subprocess.Popen[bytes], redrive: Redrive, traces: Path
    ) -> None:
        endless.kill()
        endless.wait()
        until(lambda: processes_in(redrive.folder) == [])
        assert kept(traces) == []

    def test_ctrl_c_keeps_what_was_found(self, redrive: Redrive, traces: Path) -> None:
        hunt = pexpect.spawn(
            redrive.command[0],
            [
                *redrive.command[1:],
                "hunt",
                "-j1",
                "--keep-going",
                *third("[ -e over ] && exec sleep 1000; > over; exit 5"),
            ],
            cwd=str(redrive.folder),
            env=dict(redrive.environment),
            timeout=DEADLINE,
        )
        until((redrive.folder / "over").exists)
        hunt.expect("run 3 failed: exit 5")
        until(lambda: len((redrive.folder / "count").read_bytes()) == 4)
        hunt.sendintr()
        hunt.expect("ended by a signal: 2 passed, 1 failed")
        hunt.expect(pexpect.EOF)
        hunt.close()
        assert hunt.signalstatus == signal.SIGINT
        assert kept(traces) == ["bash-1.redrive", "latest"]
        assert processes_in(redrive.folder) == []


class TestProgress:
    def on_a_terminal(self, redrive: Redrive, **environment: str) -> str:
        child = pexpect.spawn(
            redrive.command[0],
            [*redrive.command[1:], "hunt", "-j1", *third("exit 5")],
            cwd=str(redrive.folder),
            env={**redrive.environment, **environment},
            encoding="utf-8",
            timeout=DEADLINE,
        )
        child.expect(pexpect.EOF)
        return str(child.before)

    def test_a_line_that_is_written_again_and_again(self, redrive: Redrive) -> None:
        shown = self.on_a_terminal(redrive)
        assert re.search(r"\rredrive: 0 runs, none failed, 1 running, \d+ s", shown)
        assert "\x1b[31mrun 3 failed: exit 5\x1b[0m" in shown
        assert "redrive: 3 runs in" in shown

    def test_no_colour(self, redrive: Redrive) -> None:
        assert "\x1b" not in self.on_a_terminal(redrive, NO_COLOR="1")

    def test_nothing_is_drawn_into_a_file(self, redrive: Redrive) -> None:
        hunt = redrive.run("hunt", "-j1", *third("exit 5"))
        assert b"\r" not in hunt.said and b"\x1b" not in hunt.said
        assert b"running" not in hunt.said, "a run of a second has no progress to tell of"


class TestOutput:
    def search(self, pattern: bytes, *pieces: bytes) -> bool:
        output = Output(re.compile(pattern))
        for piece in pieces:
            output.add(piece)
        output.end()
        return output.matched

    def test_lines_that_come_in_pieces(self) -> None:
        assert self.search(b"^panic: x$", b"a\npan", b"ic:", b" x\nb")
        assert self.search(b"^last$", b"a\nla", b"st")
        assert not self.search(b"a.*b", b"a\nb")
        assert not self.search(b"a\nb", b"a\nb")
        assert self.search(b"^$", b"a\n\nb")

    def test_a_line_without_end_is_bounded(self) -> None:
        assert self.search(b"needle", *[b"x" * 70000] * 3, b"needle")
        assert not self.search(b"needle", *[b"x" * 70000] * 3)

    def test_the_last_of_it_is_kept(self) -> None:
        output = Output(None)
        for number in range(100):
            output.add(b"%06d" % number * 10000)
        assert len(output.last) == OUTPUT_LIMIT
        assert output.last.endswith(b"000099")


class TestKeep:
    def record(self, redrive: Redrive, *arguments: str) -> Run:
        return redrive.run("record", *arguments)

    def test_on_failure(self, redrive: Redrive, traces: Path) -> None:
        assert self.record(redrive, "--keep=on-failure", "sh", "-c", "exit 3").status == 3
        before = kept(traces)
        assert before == ["latest", "sh-1.redrive"]
        passed = self.record(redrive, "--keep=on-failure", "echo", "fine")
        assert (passed.status, passed.stdout, passed.said.count(b"\n")) == (0, b"fine\n", 1)
        assert b"not kept" in passed.said
        assert kept(traces) == before
        assert b"exit 3" in redrive.run("info").stdout

    def test_on_failure_keeps_what_a_signal_killed(self, redrive: Redrive, traces: Path) -> None:
        assert self.record(redrive, "--keep=on-failure", "sh", "-c", "kill -9 $$").status == -9
        assert "sh-1.redrive" in kept(traces)

    def test_always_is_the_default(self, redrive: Redrive, traces: Path) -> None:
        assert self.record(redrive, "--keep=always", "true").status == 0
        assert self.record(redrive, "true").status == 0
        assert kept(traces) == ["latest", "true-1.redrive", "true-2.redrive"]

    def test_with_a_place_and_verified(self, redrive: Redrive, tmp_path: Path) -> None:
        archive = tmp_path / "mine"
        passed = self.record(redrive, "--keep=on-failure", "--verify", "-o", str(archive), "true")
        assert passed.status == 0 and b"exact" in passed.said
        assert not archive.exists()
        assert redrive.run("info").status == 1, "the latest is none"


def test_no_engine_is_loaded_for_help() -> None:
    code = "import sys; from redrive.tools import hunt; print('redrive.recorder.hunt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"
