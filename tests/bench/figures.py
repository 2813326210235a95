"""The figures that the project answers for, and their targets."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.measurement import Run, Side


@dataclass(frozen=True)
class Figure:
    """One number of a run; `value` is None where its workload was not measured."""

    meaning: str
    value: float | None
    target: float
    unit: str

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.meaning}: not measured"
        verdict = "met" if self.value <= self.target else "MISSED"
        return f"{self.meaning}: {self.value:.2f} {self.unit} (target {self.target:g}: {verdict})"


def traced_call(run: Run) -> float | None:
    """A recorded getppid over one of the bare ptrace loop."""
    entry = run.of("getppid")
    seconds = entry.unit_seconds(Side.RECORD) if entry else None
    return None if seconds is None else seconds / run.bare_call_seconds


def fork_and_exec_milliseconds(run: Run) -> float | None:
    """What recording adds to one fork, exec and wait of /bin/true, in milliseconds."""
    entry = run.of("forkloop")
    if entry is None:
        return None
    recorded, native = entry.unit_seconds(Side.RECORD), entry.unit_seconds(Side.NATIVE)
    return None if recorded is None or native is None else (recorded - native) * 1e3


def barrier_milliseconds(run: Run) -> float | None:
    """What it takes two threads to wait for each other once without a syscall, in milliseconds."""
    entry = run.of("barrier")
    seconds = entry.unit_seconds(Side.RECORD) if entry else None
    return None if seconds is None else seconds * 1e3


def worst_replay(run: Run) -> float | None:
    """The largest ratio of a replay to its recording, where there are no points in running code to search for."""
    entries = (entry for entry in run.measured if not entry.workload.landmarks)
    return max(
        (ratio for entry in entries if (ratio := entry.ratio(Side.REPLAY, Side.RECORD)) is not None), default=None
    )


def ratio(run: Run, name: str, side: Side, over: Side) -> float | None:
    """One workload's ratio of two sides."""
    entry = run.of(name)
    return entry.ratio(side, over) if entry else None


def figures(run: Run) -> tuple[Figure, ...]:
    """All figures of a run."""
    return (
        Figure("a traced system call, over the bare ptrace loop", traced_call(run), 2.0, "times"),
        Figure("fork and exec of /bin/true, beyond native", fork_and_exec_milliseconds(run), 6.0, "ms"),
        Figure("replay over record, at worst", worst_replay(run), 1.0, "times"),
        Figure("recording a program that computes", ratio(run, "compute", Side.RECORD, Side.NATIVE), 1.02, "times"),
        Figure("recording two threads that compute", ratio(run, "threads", Side.RECORD, Side.NATIVE), 2.1, "times"),
        Figure("a barrier of two threads that spin", barrier_milliseconds(run), 10.0, "ms"),
        Figure(
            "replay with landmarks in sorting, over record",
            ratio(run, "sigprof", Side.REPLAY, Side.RECORD),
            1.5,
            "times",
        ),
        Figure(
            "the same in a loop of three instructions", ratio(run, "threeloop", Side.REPLAY, Side.RECORD), 4.0, "times"
        ),
    )
