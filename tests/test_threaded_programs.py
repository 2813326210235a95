"""Programs with threads and servers under load: recorded while they work, and replayed to the end, again and again."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.redrive_command import SLOWNESS, Redrive, Run

DRIVERS = Path(__file__).parent / "real_programs"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE = 110 * SLOWNESS
"""Seconds for one recording or replay; the slowest takes half of that on an idle machine."""
RECORDINGS, REPLAYS = 5, 3
"""How often `make soak` records each program, and replays each recording."""


@dataclass(frozen=True)
class Program:
    """A driver, and what it needs.

    ``driver`` is a file of real_programs, or the name of one of CPython's own tests.  ``needs`` are the programs that
    it starts, and ``package`` where Debian has them.  ``says`` must be in what it writes.  Where ``status`` is not the
    one it ends with, or one is not in its output, the recording went wrong.  ``quick`` ones are part of `make test`.
    """

    driver: str
    needs: tuple[str, ...]
    package: str
    says: tuple[bytes, ...]
    quick: bool = False

    def __str__(self) -> str:
        return self.driver


PROGRAMS = (
    Program("threads.py", (), "python3", (b"computed [100000, 100000, 100000, 100000]",), quick=True),
    Program("processes.py", (), "python3", (b"fork counter 300 [0, 0, 0]", b"forkserver manager {'from'"), quick=True),
    Program("compress.sh", ("xz", "pigz"), "xz-utils pigz", (b"numbers.gz", b"numbers.xz"), quick=True),
    Program("curl.sh", ("curl", "python3"), "curl", (b"404", b"ended with 143"), quick=True),
    Program("git_gc.sh", ("git",), "git", (b"in-pack: 1",), quick=True),
    Program("make.sh", ("make", "gcc"), "make gcc", (b"6765",)),
    Program("sqlite.sh", ("sqlite3",), "sqlite3", (b"ok\n150\n",), quick=True),
    Program("redis.sh", ("redis-benchmark", "redis-cli"), "redis-tools", (b"102\n", b"saving started"), quick=True),
    Program("nginx.sh", ("nginx", "ab", "wrk", "curl"), "nginx-light apache2-utils wrk curl", (b"200\n", b"hello")),
    Program("postgres.sh", ("pg_lsclusters", "setpriv"), "postgresql", (b"processed: 100/100", b"100000|t\n1\n")),
    Program("http_server.js", ("node",), "nodejs", (b"200 requests",)),
    Program("workers.js", ("node",), "nodejs", (b"added 600 of 600",)),
    Program("goroutines.go", ("go",), "golang-go", (b"timers 10 ticked true",)),
    Program("Threads.java", ("java", "javac"), "default-jdk-headless", (b"counted 15000, caught 103, ticked true",)),
    Program("video.sh", ("ffmpeg", "x264"), "ffmpeg x264", (b"clip.264", b"clip.mp4", b"720000")),
    Program("test_threading", (), "libpython3-testsuite", (b"Tests result: SUCCESS",)),
    Program("test_signal", (), "libpython3-testsuite", (b"Tests result: SUCCESS",)),
    Program("test_subprocess", (), "libpython3-testsuite", (b"Tests result: SUCCESS",)),
)


def free_port() -> str:
    """A port of 127.0.0.1 that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def go_command(driver: Path, folder: Path) -> list[str]:
    """The driver compiled, so that the program is recorded and not the compiler."""
    environment = {**os.environ, "GOCACHE": str(folder / "cache"), "HOME": str(folder)}
    subprocess.run(["go", "build", "-o", folder / "program", driver], check=True, env=environment)
    return [str(folder / "program")]


COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    ".py": lambda driver, folder: [sys.executable, str(driver)],
    ".sh": lambda driver, folder: ["sh", str(driver), free_port()],
    ".js": lambda driver, folder: ["node", str(driver)],
    ".go": go_command,
    ".java": lambda driver, folder: ["java", "-Xmx128m", str(driver)],
    "": lambda driver, folder: [sys.executable, "-m", "test", driver.name],
}
"""How a driver is started, by the end of its name."""


def prepare(program: Program, folder: Path) -> Callable[[], list[str]]:
    """Makes the command for one run; skips the test when something that it needs is missing."""
    missing = [name for name in program.needs if shutil.which(name, path=SYSTEM_PATH) is None]
    if missing or (not Path(program.driver).suffix and importlib.util.find_spec("test.test_threading") is None):
        pytest.skip(f"needs the packages {program.package}")
    make = COMMANDS[Path(program.driver).suffix]
    return lambda: make(DRIVERS / program.driver, folder)


def record(redrive: Redrive, program: Program, command: list[str], number: int) -> tuple[Path, Run]:
    """One recording, in a folder of its own."""
    folder, archive = redrive.folder / f"work{number}", redrive.folder / f"trace{number}"
    folder.mkdir()
    environment = {**redrive.environment, "PATH": SYSTEM_PATH}
    recording = replace(redrive, folder=folder, environment=environment).record(archive, *command, deadline=DEADLINE)
    assert recording.status == 0, f"recording {number}: {recording}"
    for text in program.says:
        assert text in recording.stdout, f"recording {number}: {recording}"
    return archive, recording


def record_and_replay(redrive: Redrive, program: Program, recordings: int, replays: int) -> None:
    """Each recording must be right, and must replay each time."""
    command = prepare(program, redrive.folder)
    for number in range(recordings):
        archive, recording = record(redrive, program, command(), number)
        shutil.rmtree(redrive.folder / f"work{number}")
        for _ in range(replays):
            redrive.replay_repeats(archive, recording, deadline=DEADLINE)
        archive.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("program", [program for program in PROGRAMS if program.quick], ids=str)
def test_recorded_and_replayed_twice(redrive: Redrive, program: Program) -> None:
    record_and_replay(redrive, program, 1, 2)


@pytest.mark.soak
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_recorded_and_replayed_many_times(redrive: Redrive, program: Program) -> None:
    record_and_replay(redrive, program, RECORDINGS, REPLAYS)
