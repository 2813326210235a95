"""What is measured: one row per workload."""

from __future__ import annotations

from dataclasses import dataclass

PYTHON_SCRIPT = "import json, re, asyncio, http.client, sqlite3; print(sum(i * i for i in range(10**6)))"


@dataclass(frozen=True)
class Workload:
    """A command that runs in the benchmark's folder, where tests.bench.folder has put what it needs.

    `idle` is the same program with nothing to do, and `units` how many times `command` does what `idle` does not:
    the difference of the two is what one time costs, free of the start-up of program and recorder.
    `landmarks` says that it is held in the middle of its code again and again, so that replay must search for points.
    """

    name: str
    command: tuple[str, ...]
    prepare: str = ":"
    idle: tuple[str, ...] | None = None
    units: int = 1
    landmarks: bool = False


def one_syscall(name: str, kind: str, calls: int) -> Workload:
    """`calls` system calls of one kind."""
    return Workload(name, ("./one_syscall", kind, str(calls)), idle=("./one_syscall", kind, "0"), units=calls)


def all_workloads(calls: int, forks: int = 200) -> tuple[Workload, ...]:
    """The workloads of shared/bench, with `calls` calls in those of one system call."""
    return (
        Workload("ls", ("ls", "-lR", "/usr/share/doc")),
        Workload("compile", ("./compile.sh",)),
        Workload("python", ("python3", "-c", PYTHON_SCRIPT)),
        one_syscall("getppid", "getppid", calls),
        one_syscall("read1", "read", calls),
        one_syscall("clock", "clock", calls),
        one_syscall("pwrite", "pwrite", calls),
        Workload("cptree", ("./copy_tree.sh",)),
        Workload("pingpong", ("./ping_pong", str(calls // 5))),
        Workload("condvar", ("./threads", "condvar", str(calls // 5))),
        Workload("mutex", ("./threads", "mutex", str(30 * calls))),
        Workload(
            "barrier", ("./threads", "barrier", "200"), idle=("./threads", "barrier", "0"), units=200, landmarks=True
        ),
        Workload("compute", ("./compute", "500")),
        Workload("threads", ("./threads", "compute", "2000"), landmarks=True),
        Workload("sigprof", ("./profiled", "sort", "10"), landmarks=True),
        Workload("threeloop", ("./profiled", "three", "20"), landmarks=True),
        Workload("forkloop", ("./true_loop.sh", str(forks)), idle=("./true_loop.sh", "0"), units=forks),
        Workload("bzip2", ("bzip2", "-kf", "text")),
        Workload("tar", ("tar", "czf", "include.tgz", "-C", "/usr", "include")),
        Workload("sqlite", ("sqlite3", "-init", "inserts.sql", "db.sqlite", ".quit"), prepare="rm -f db.sqlite*"),
    )
