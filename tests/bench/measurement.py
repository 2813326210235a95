"""Runs workloads natively, under strace, recorded and replayed, and measures them side by side."""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.bench.workload import Workload


class Side(Enum):
    """A way of running a workload, in the order in which a round runs them."""

    NATIVE = "native"
    STRACE = "strace"
    RECORD = "record"
    REPLAY = "replay"


class SideFailed(Exception):
    """A side ended otherwise than the native run did."""


@dataclass
class Measured:
    """One workload's results: wall seconds by side, one for each round, and why a side gave none."""

    workload: Workload
    seconds: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in Side})
    idle_seconds: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in Side})
    failures: dict[Side, str] = field(default_factory=dict)
    archive_bytes: int | None = None

    def median(self, side: Side) -> float | None:
        """Median wall seconds; None where the side did not run or failed."""
        return statistics.median(self.seconds[side]) if self.seconds[side] else None

    def ratio(self, side: Side, over: Side = Side.NATIVE) -> float | None:
        """The side's median over that of another side."""
        numerator, denominator = self.median(side), self.median(over)
        return numerator / denominator if numerator is not None and denominator else None

    def unit_seconds(self, side: Side) -> float | None:
        """What one unit costs: the medians with and without work, their difference shared among the units."""
        if not self.seconds[side] or not self.idle_seconds[side]:
            return None
        work, idle = statistics.median(self.seconds[side]), statistics.median(self.idle_seconds[side])
        return (work - idle) / self.workload.units


@dataclass
class Run:
    """Everything that one run of the benchmark measured."""

    rounds: int
    measured: list[Measured]
    bare_call_seconds: float

    def of(self, name: str) -> Measured | None:
        """The results of the workload of that name."""
        return next((entry for entry in self.measured if entry.workload.name == name), None)


def redrive_command() -> list[str]:
    """The redrive to measure: $REDRIVE, or that of this interpreter."""
    return shlex.split(os.environ.get("REDRIVE", "")) or [
        sys.executable,
        "-c",
        "from redrive.tools.main import main; main()",
    ]


def side_command(side: Side, command: Sequence[str], archive: str) -> list[str]:
    """The command line that runs `command` on that side; recording writes `archive` and replaying reads it."""
    match side:
        case Side.NATIVE:
            return [*command]
        case Side.STRACE:
            return ["strace", "-f", "-o", "/dev/null", *command]
        case Side.RECORD:
            return [*redrive_command(), "record", "-o", archive, "--", *command]
        case Side.REPLAY:
            return [*redrive_command(), "replay", "--quiet", archive]


def timed(command: Sequence[str], folder: Path) -> float:
    """Wall seconds of one command.  Raises SideFailed with its last words when it does not exit with 0."""
    start = time.perf_counter()
    ended = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    spent = time.perf_counter() - start
    if ended.returncode:
        words = ended.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise SideFailed(f"status {ended.returncode}: {words[-1]}")
    return spent


def run_side(side: Side, command: Sequence[str], archive: Path) -> float:
    """Wall seconds of `command` on that side, in the archive's folder.  Raises SideFailed."""
    if side is Side.RECORD:
        archive.unlink(missing_ok=True)
    seconds = timed(side_command(side, command, archive.name), archive.parent)
    if side is Side.RECORD and not archive.exists():
        raise SideFailed("no archive was written")
    return seconds


def measure_round(entry: Measured, sides: Sequence[Side], folder: Path) -> None:
    """Run one workload once on each side, the idle command right before the real one."""
    workload = entry.workload
    archive = folder / f"{workload.name}.redrive"
    for side in sides:
        if side in entry.failures or (side is Side.REPLAY and Side.RECORD in entry.failures):
            continue
        try:
            if workload.idle:
                idle_archive = folder / f"{workload.name}.idle.redrive"
                entry.idle_seconds[side].append(run_side(side, workload.idle, idle_archive))
            subprocess.run(["sh", "-c", workload.prepare], cwd=folder, check=True)
            entry.seconds[side].append(run_side(side, workload.command, archive))
        except SideFailed as failure:
            entry.failures[side] = str(failure)
    if archive.exists():
        entry.archive_bytes = archive.stat().st_size


def bare_call_seconds(calls: int, folder: Path) -> float:
    """What one system call costs in bare_loop.c."""
    printed = subprocess.run(["./bare_loop", str(calls)], cwd=folder, check=True, capture_output=True).stdout
    return int(printed) * 1e-9


def measure(
    workloads: Sequence[Workload],
    *,
    rounds: int,
    calls: int,
    sides: Sequence[Side],
    folder: Path,
    progress: Callable[[str], None],
) -> Run:
    """Measure all workloads, a round of all sides at a time, so that the machine's moods meet every side alike."""
    measured = [Measured(workload) for workload in workloads]
    bare: list[float] = []
    for number in range(1, rounds + 1):
        progress(f"round {number} of {rounds}: bare_loop")
        bare.append(bare_call_seconds(calls, folder))
        for entry in measured:
            progress(f"round {number} of {rounds}: {entry.workload.name}")
            measure_round(entry, sides, folder)
    return Run(rounds, measured, statistics.median(bare))
