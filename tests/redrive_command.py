"""Redrive from outside: its command line, as a user has it, and nothing of its insides."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

OWN_WORDS = re.compile(rb"redrive: [^\n]*\n")
SLOWNESS = float(os.environ.get("REDRIVE_TEST_DEADLINE_FACTOR", "1"))
"""How many times slower this machine is than one that tests are written for: an emulated one, for instance."""
DEADLINE = 60 * SLOWNESS
"""Seconds after which a run that hangs is ended; nothing here should take a tenth of it, but on an emulated CPU."""


@dataclass(frozen=True)
class Run:
    """How a command ended.  ``status`` is subprocess's: negative for a signal.  ``said`` are Redrive's own lines."""

    status: int
    stdout: bytes
    stderr: bytes
    said: bytes

    def __str__(self) -> str:
        return (
            f"status {self.status}\nstdout: {_shown(self.stdout)}\nstderr: {_shown(self.stderr)}\n{_shown(self.said)}"
        )


def _shown(text: bytes) -> str:
    return text[-3000:].decode(errors="backslashreplace")


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    deadline: float = DEADLINE,
) -> Run:
    """Run a command to its end and to the end of all that hold its output open; too long a time fails the test."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=deadline)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # faulthandler says where a Redrive that hangs is
        try:
            stdout, stderr = process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate(timeout=10)
        words = shlex.join(str(word) for word in command)
        pytest.fail(f"no end after {deadline} s: {words}\n{_shown(stdout)}\n{_shown(stderr)}")
    return Run(process.returncode, stdout, OWN_WORDS.sub(b"", stderr), b"".join(OWN_WORDS.findall(stderr)))


@dataclass(frozen=True)
class Redrive:
    """The command line of Redrive, run in ``folder``; ``launcher`` goes before it (another user, a seccomp filter)."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    launcher: tuple[str, ...] = ()

    def behind(self, *launcher: str | os.PathLike[str], folder: Path | None = None) -> Redrive:
        """The same, started by ``launcher``."""
        folder = folder or self.folder
        environment = {**self.environment, "REDRIVE_TRACE_DIR": str(folder / "traces"), "HOME": str(folder)}
        launchers = (*(str(word) for word in launcher), *self.launcher)
        return replace(self, launcher=launchers, folder=folder, environment=environment)

    def run(self, *arguments: str | os.PathLike[str], stdin: bytes = b"", deadline: float = DEADLINE) -> Run:
        """`redrive ARGUMENTS`."""
        command = (*self.launcher, *self.command, *arguments)
        return run(command, cwd=self.folder, environment=self.environment, stdin=stdin, deadline=deadline)

    def native(self, *command: str | os.PathLike[str], stdin: bytes = b"") -> Run:
        """The command without Redrive."""
        environment = {name: value for name, value in self.environment.items() if name != "FIXTURE_RECORDED"}
        return run((*self.launcher, *command), cwd=self.folder, environment=environment, stdin=stdin)

    def record(
        self, archive: Path, *command: str | os.PathLike[str], stdin: bytes = b"", deadline: float = DEADLINE
    ) -> Run:
        """`redrive record -o ARCHIVE -- COMMAND`."""
        return self.run("record", "-o", archive, "--", *command, stdin=stdin, deadline=deadline)

    def replay_repeats(self, archive: Path, recording: Run, deadline: float = DEADLINE) -> None:
        """Asserts that a replay reaches the end and writes what the recorded program wrote, byte by byte."""
        replay = self.run("replay", archive, deadline=deadline)
        assert replay.status == 0, f"replay of {archive}: {replay}"
        assert replay.stdout == recording.stdout, f"stdout differs: {replay}\nthe recording: {recording}"
        assert replay.stderr == recording.stderr, f"stderr differs: {replay}\nthe recording: {recording}"
