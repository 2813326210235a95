"""A replay seen from outside: what the recorded program did to the world, and every syscall the kernel performs now.

strace cannot look at tracees, as a task has one tracer only.  The kernel itself can be asked: programs/outside_view.c
puts a seccomp filter over the whole replay, which reports each syscall that is about to be performed, whoever makes it.
A syscall that PTRACE_SYSEMU skips is not reported (4.8 and later).
"""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.redrive_command import Redrive

GETPID, EXECVE, SKIPPED = 39, 59, 77
PERFORMED = {
    3: "close, of a blob",
    9: "mmap",
    10: "mprotect",
    11: "munmap",
    25: "mremap",
    28: "madvise",
    33: "dup2, of the stub's socket",
    47: "recvmsg, of a blob's descriptor",
    56: "clone",
    EXECVE: "execve, of Redrive's own stub",
    60: "exit",
    157: "prctl, of a filter that kills for any syscall of the program's own, before Linux 4.17",
    158: "arch_prctl",
    160: "setrlimit",
    231: "exit_group",
    272: "unshare, from our network",
    317: "seccomp, of the same from then on",
}
"""All that the tasks of a replay may do, by number: what makes up an address space and a task."""
OF_THE_PROGRAM = {
    1: "write",
    GETPID: "getpid",
    35: "nanosleep",
    41: "socket",
    42: "connect",
    44: "sendto",
    62: "kill",
    82: "rename",
    83: "mkdir",
    87: "unlink",
    88: "symlink",
    257: "openat",
    318: "getrandom",
}
"""What tests/programs/visible_effects.c does, by number."""


class World:
    """Everything visible_effects.c touches: a folder, a port, a process that counts signals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(0)
        self.signals = 0

    def arguments(self) -> tuple[str, str]:
        """The program's arguments."""
        return str(self.server.getsockname()[1]), str(os.getpid())

    def reset(self) -> None:
        """Puts the folder into the state that the program expects."""
        for path in self.folder.iterdir():
            path.rmdir() if path.is_dir() else path.unlink()
        for name in ("victim", "old-name", "counted"):
            (self.folder / name).write_text("before")

    def files(self) -> dict[str, int]:
        """What is in the folder, and when each was last changed, in ns."""
        return {path.name: path.lstat().st_mtime_ns for path in self.folder.iterdir()}

    def connections(self) -> int:
        """How many connections came since the last time."""
        count = 0
        while True:
            try:
                self.server.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "folder"
    folder.mkdir()
    world = World(folder)

    def count(number: int, frame: object) -> None:
        world.signals += 1

    before = signal.signal(signal.SIGUSR1, count)
    try:
        yield world
    finally:
        signal.signal(signal.SIGUSR1, before)
        world.server.close()


def performed(log: Path) -> list[tuple[int, int]]:
    """(task, syscall number) in the order in which they happened."""
    return [(int(task), int(number)) for task, number in (line.split() for line in log.read_text().splitlines())]


def test_no_effect_and_no_syscall(redrive: Redrive, world: World, launcher: Callable[[str], Path]) -> None:
    archive, log = redrive.folder / "trace", redrive.folder / "log"
    inside = replace(redrive, folder=world.folder)
    program, watcher = launcher("visible_effects"), launcher("outside_view")

    world.reset()
    native = inside.behind(watcher, log).native(program, *world.arguments())
    if native.status == SKIPPED:
        pytest.skip("a seccomp filter cannot report syscalls here (5.5 and later can)")
    assert native.status == 0, str(native)
    seen = Counter(number for _, number in performed(log))
    assert set(OF_THE_PROGRAM) <= set(seen) and seen[GETPID] >= 1000, "the watcher must see what is done"
    assert (world.connections(), world.signals) == (1, 1)

    world.reset()
    recording = inside.record(archive, program, *world.arguments())
    assert recording.status == 0, str(recording)
    assert set(world.files()) == {"created", "folder", "new-name", "counted", "link", "touched"}
    assert (world.connections(), world.signals) == (1, 2)

    world.reset()
    before = world.files()
    inside.behind(watcher, log).replay_repeats(archive, recording)
    assert world.files() == before
    assert (world.connections(), world.signals) == (0, 2)

    calls = performed(log)
    replayer = calls[0][0]
    start = next(at for at, (task, number) in enumerate(calls) if task != replayer and number == EXECVE)
    of_tasks = Counter(number for task, number in calls[start:] if task != replayer)
    assert of_tasks[EXECVE] >= 1
    assert set(of_tasks) <= set(PERFORMED), f"the tasks of the replay performed {of_tasks}"
