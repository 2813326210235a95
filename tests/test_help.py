"""What Redrive says of itself: the manual page and the completion of shells, both from the same source as --help."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from redrive.tools.main import COMMANDS
from redrive.tools.main import redrive as group
from tests.redrive_command import Redrive


def commands() -> Iterator[tuple[str, click.Command]]:
    """Redrive itself and all its commands, by name."""
    ctx = click.Context(group)
    yield "redrive", group
    for name in COMMANDS:
        command = group.get_command(ctx, name)
        assert command is not None
        yield name, command


class TestManualPage:
    def test_every_command_and_every_option_is_in_it(self, redrive: Redrive) -> None:
        page = redrive.run("man").stdout.decode().replace("\\-", "-")
        for name, command in commands():
            if command is not group:
                assert f'.SS "redrive {name} ' in page
            section = page.partition(".SH OPTIONS" if command is group else f'.SS "redrive {name} ')[2]
            section = re.split(r"^\.S[SH]", section, maxsplit=1, flags=re.MULTILINE)[0]
            for parameter in command.params:
                if isinstance(parameter, click.Option):
                    for option in parameter.opts:
                        assert re.search(rf'^\.B "(.*, )?{option}[ ",]', section, re.MULTILINE), (name, option)

    @pytest.mark.parametrize(
        "check",
        ["man -l --warnings -E UTF-8 -", "mandoc -T lint -W warning", "groff -man -ww -b -z -Tutf8"],
        ids=["man", "mandoc", "groff"],
    )
    def test_nothing_is_wrong_with_it(self, redrive: Redrive, check: str) -> None:
        command = shlex.split(check)
        if shutil.which(command[0]) is None:
            pytest.skip(f"needs {command[0]}")
        page = redrive.run("man").stdout
        environment = {**redrive.environment, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}
        read = subprocess.run(command, input=page, capture_output=True, env=environment, timeout=60, check=False)
        if command[0] == "mandoc":
            # A page that is made when it is asked for has no date.
            (only,) = read.stdout.splitlines()
            assert b"missing date" in only
        else:
            assert (read.returncode, read.stderr) == (0, b""), read

    def test_it_reads_as_help_does(self, redrive: Redrive) -> None:
        if shutil.which("man") is None:
            pytest.skip("needs the package man-db")
        page = redrive.run("man").stdout
        environment = {**redrive.environment, "MANPAGER": "cat", "MANWIDTH": "200", "LC_ALL": "C.UTF-8"}
        read = subprocess.run(["man", "-l", "-"], input=page, capture_output=True, env=environment, check=True)
        text = " ".join(re.sub(".\b", "", read.stdout.decode()).split())
        for _, command in commands():
            for paragraph in (command.help or "").replace("\b", "").split("\n\n"):
                assert " ".join(paragraph.split()) in text


@pytest.fixture
def installed(redrive: Redrive) -> Redrive:
    """Redrive as a command of that name in PATH, with two archives."""
    programs = redrive.folder / "bin"
    programs.mkdir()
    script = programs / "redrive"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(redrive.command)} "$@"\n')
    script.chmod(0o755)
    for name in ("sh-1", "sh-2", "true-1"):
        path = Path(redrive.environment["REDRIVE_TRACE_DIR"]) / f"{name}.redrive"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    environment = {**redrive.environment, "PATH": f"{programs}:{redrive.environment['PATH']}"}
    return replace(redrive, environment=environment)


class TestCompletion:
    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("redrive repl", ["replay"]),
            ("redrive replay --q", ["--quiet"]),
            ("redrive replay s", ["sh-1", "sh-2"]),
            ("redrive info l", ["latest"]),
            ("redrive rm sh-1 t", ["true-1"]),
            ("redrive ps no-such", []),
            ("redrive record redriv", ["redrive"]),
            ("redrive record --keep o", ["on-failure"]),
        ],
    )
    def test_in_bash(self, installed: Redrive, line: str, found: list[str]) -> None:
        script = """
            eval "$(_REDRIVE_COMPLETE=bash_source redrive)"
            complete -p redrive > registered
            compopt() { :; }  # It works only while readline completes.
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _redrive_completion redrive
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        ended = installed.native("bash", "-c", script, "bash", *line.split())
        assert ended.status == 0, str(ended)
        assert ended.stdout.decode().split() == found, str(ended)
        assert b"_redrive_completion" in (installed.folder / "registered").read_bytes()

    @pytest.mark.parametrize("shell", ["zsh", "fish"])
    def test_there_is_one_for_other_shells(self, installed: Redrive, shell: str) -> None:
        ended = installed.native("env", f"_REDRIVE_COMPLETE={shell}_source", "redrive")
        assert ended.status == 0, str(ended)
        assert b"redrive" in ended.stdout and b"_complete" in ended.stdout
        if shutil.which(shell) is not None:
            (installed.folder / "completion").write_bytes(ended.stdout)
            assert installed.native(shell, "-n", "completion").status == 0

    def test_a_trace_directory_that_cannot_be_read(self, installed: Redrive) -> None:
        broken = replace(installed, environment={**installed.environment, "REDRIVE_TRACE_DIR": "/dev/null"})
        words = ("env", "COMP_WORDS=redrive info s", "COMP_CWORD=2", "_REDRIVE_COMPLETE=bash_complete", "redrive")
        ended = broken.native(*words)
        assert (ended.status, ended.stdout, ended.stderr) == (0, b"file,s\n", b""), str(ended)
