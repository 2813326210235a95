"""The command line, as a user meets it: real processes, their output and their exit statuses."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.command_line import Ask
from tests.redrive_command import Redrive
from tests.sample_archive import write_archive

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

    def test_rm_of_something_else(self, ask: Ask, tmp_path: Path) -> None:
        (tmp_path / "diary").write_text("no trace")
        ended = ask("rm", tmp_path / "diary")
        assert ended.status == 1 and "is no trace, and was not removed" in ended.stderr
        assert (tmp_path / "diary").exists()
        write_archive(tmp_path / "trace")
        assert ask("rm", tmp_path / "trace").status == 0

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

    def test_a_script_that_names_no_interpreter(self, ask: Ask, tmp_path: Path) -> None:
        """execvp(3), by which env, xargs and timeout start what they run, leaves it to the shell."""
        script = tmp_path / "script"
        script.write_text('echo "$0: $*"; exit 3\n')
        script.chmod(0o755)
        ended = ask("record", "--verify", script, "one", "two")
        assert (ended.status, ended.stdout) == (3, f"{script}: one two\n"), str(ended)
        script.write_bytes(b"\x7fELF\0 of another machine\n")
        assert ask("record", script).status == 126

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
