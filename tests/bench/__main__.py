"""`python -m tests.bench [WORKLOAD]...`, from the top of the tree: what recording and replaying cost, as ratios.

Measures $REDRIVE, or the redrive of this interpreter.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click

from tests.bench import folder, report
from tests.bench.measurement import Side, measure
from tests.bench.workload import Workload, all_workloads


def show_progress(words: str) -> None:
    """Overwrite the line on a terminal; say nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{words}", err=True, nl=False)


def choose(names: tuple[str, ...], calls: int) -> list[Workload]:
    """The workloads of those names, or all of which the program is here.  Raises click.UsageError."""
    rows = {workload.name: workload for workload in all_workloads(calls)}
    if unknown := [name for name in names if name not in rows]:
        raise click.UsageError(f"no workload {unknown[0]}; there are: {', '.join(rows)}")
    chosen = [rows[name] for name in names or rows]
    absent = [
        workload
        for workload in chosen
        if not workload.command[0].startswith("./") and not shutil.which(workload.command[0])
    ]
    for workload in absent:
        click.echo(f"{workload.name} is left out: no {workload.command[0]} here", err=True)
    return [workload for workload in chosen if workload not in absent]


@click.command()
@click.argument("names", nargs=-1, metavar="[WORKLOAD]...")
@click.option("--rounds", default=5, show_default=True, help="How often everything is run; medians count.")
@click.option("--calls", default=100_000, show_default=True, help="System calls in the workloads of one call.")
@click.option("--side", "sides", multiple=True, type=click.Choice([side.value for side in Side]), help="Only these.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write everything measured to this file.")
def bench(names: tuple[str, ...], rounds: int, calls: int, sides: tuple[str, ...], json_path: Path | None) -> None:
    """Run workloads natively, under strace, recorded and replayed, and print the ratios.

    Exits with 1 when a side failed.
    """
    chosen = [side for side in Side if not sides or side.value in sides]
    workloads = choose(names, calls)
    with tempfile.TemporaryDirectory(prefix="redrive-bench-") as work:
        folder.prepare(Path(work))
        run = measure(workloads, rounds=rounds, calls=calls, sides=chosen, folder=Path(work), progress=show_progress)
    show_progress("")
    click.echo(report.text(run))
    if json_path:
        json_path.write_text(json.dumps(report.as_json(run), indent=1) + "\n")
    if any(entry.failures for entry in run.measured):
        sys.exit(1)


if __name__ == "__main__":
    bench()
