"""Fixtures of the tests that use Redrive by its command line."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.c_programs import PROGRAMS, Program, read_programs
from tests.command_line import Answer, Ask
from tests.redrive_command import SLOWNESS, Redrive
from tests.sample_archive import write_archive

Compile = Callable[[Program], Path]
NOBODY = 65534

# No test judges by time: on an emulated or a busy CPU an example may take long.  It need not see as many of them: these
# tests are of our own Python, which is the same on each.
settings.register_profile(
    "any CPU", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=max(10, round(100 / SLOWNESS))
)
settings.load_profile("any CPU")


@pytest.fixture
def redrive(tmp_path: Path) -> Redrive:
    """Redrive in a folder of its own.  $REDRIVE names the command; else it is the one of this Python."""
    named = os.environ.get("REDRIVE")
    command = shlex.split(named) if named else (sys.executable, "-c", "from redrive.tools.main import main; main()")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "LC_ALL": "C",
        "PYTHONFAULTHANDLER": "1",
        "REDRIVE_TRACE_DIR": str(tmp_path / "traces"),
        "FIXTURE_RECORDED": "1",
    }
    return Redrive(tuple(command), tmp_path, environment)


@pytest.fixture
def ordinary(redrive: Redrive) -> Iterator[Redrive]:
    """Redrive as an ordinary user, with a folder of that user's."""
    if os.geteuid() != 0:
        yield redrive
        return
    if shutil.which("setpriv") is None:
        pytest.skip("needs the package util-linux")
    folder = Path(tempfile.mkdtemp(prefix="redrive-nobody-"))
    os.chown(folder, NOBODY, NOBODY)
    user = redrive.behind(
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", folder=folder
    )
    try:
        answer = user.run("--help")
        if answer.status != 0:
            pytest.skip(f"an ordinary user may not run Redrive from where it is installed: {answer}")
        yield user
    finally:
        shutil.rmtree(folder)


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


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles a C fixture, once in a session."""
    if shutil.which("gcc") is None:
        pytest.skip("needs the package gcc")
    folder = tmp_path_factory.mktemp("programs")
    done: dict[Program, Path] = {}

    def compile_program(program: Program) -> Path:
        if program not in done:
            binary = folder / str(program).replace(" ", "")
            command = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{PROGRAMS}", *program.flags]
            subprocess.run([*command, program.source, "-o", binary], check=True)
            done[program] = binary
        return done[program]

    return compile_program


@pytest.fixture(scope="session")
def launcher(compiled: Compile) -> Callable[[str], Path]:
    """The binary of a C program that a test uses by name."""

    def find(name: str) -> Path:
        (program,) = (program for program in read_programs() if program.source.stem == name)
        return compiled(program)

    return find
