"""A run as a table for people and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.bench.figures import figures
from tests.bench.measurement import Measured, Run, Side

COLUMNS = ("workload", "native s", "record", "replay", "strace", "replay/record", "per unit us", "archive KB")


def times(ratio: float | None, failed: bool = False) -> str:
    """A ratio as it stands in the table."""
    if failed:
        return "failed"
    return "-" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def row(entry: Measured) -> tuple[str, ...]:
    """One workload's line: native seconds, then ratios to them."""
    native, unit = entry.median(Side.NATIVE), entry.unit_seconds(Side.RECORD)
    return (
        entry.workload.name,
        "-" if native is None else f"{native:.3f}",
        *(times(entry.ratio(side), side in entry.failures) for side in (Side.RECORD, Side.REPLAY, Side.STRACE)),
        times(entry.ratio(Side.REPLAY, Side.RECORD)),
        "-" if unit is None else f"{unit * 1e6:.1f}",
        "-" if entry.archive_bytes is None else f"{entry.archive_bytes / 1000:.0f}",
    )


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Aligned columns, names to the left and numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in rows
    )


def text(run: Run) -> str:
    """The whole report: table, failures, figures."""
    failures = [
        f"{entry.workload.name}: {side.value} failed: {reason}"
        for entry in run.measured
        for side, reason in entry.failures.items()
    ]
    bare = f"one system call in the bare ptrace loop: {run.bare_call_seconds * 1e6:.1f} us"
    lines = [table([COLUMNS, *map(row, run.measured)]), "", *failures, bare, *map(str, figures(run))]
    return "\n".join(lines)


def machine() -> dict[str, str | int | None]:
    """Where this was measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "kernel": platform.release(),
        "cpu": models[0] if models else None,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }


def as_json(run: Run) -> dict[str, object]:
    """Everything measured: seconds of every round, medians' ratios to native, sizes and figures."""
    return {
        "machine": machine(),
        "rounds": run.rounds,
        "bare_call_seconds": run.bare_call_seconds,
        "workloads": {
            entry.workload.name: {
                "command": entry.workload.command,
                "seconds": {side.value: seconds for side, seconds in entry.seconds.items()},
                "idle_seconds": {side.value: seconds for side, seconds in entry.idle_seconds.items()},
                "units": entry.workload.units,
                "ratio": {side.value: entry.ratio(side) for side in Side},
                "failures": {side.value: reason for side, reason in entry.failures.items()},
                "archive_bytes": entry.archive_bytes,
            }
            for entry in run.measured
        },
        "figures": [vars(figure) for figure in figures(run)],
    }
