"""The benchmark runs, and finds its figures; the targets they are to meet are those that `make bench` prints."""

from __future__ import annotations

import math

import pytest

from tests.bench import figures, folder
from tests.bench.measurement import Run, Side, measure
from tests.bench.workload import all_workloads

CALLS = 5_000
ROUNDS = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One small run of the two workloads that the figures come from."""
    work = tmp_path_factory.mktemp("bench")
    folder.prepare(work)
    workloads = [workload for workload in all_workloads(CALLS, forks=50) if workload.name in ("getppid", "forkloop")]
    sides = (Side.NATIVE, Side.RECORD, Side.REPLAY)
    return measure(workloads, rounds=ROUNDS, calls=CALLS, sides=sides, folder=work, progress=lambda words: None)


def test_every_side_ran(run: Run) -> None:
    for entry in run.measured:
        assert entry.failures == {}
        assert all(len(entry.seconds[side]) == ROUNDS for side in (Side.NATIVE, Side.RECORD, Side.REPLAY))
        assert entry.archive_bytes


def test_every_figure_comes_of_it(run: Run) -> None:
    # How large they are is judged by who reads them: a limit here would be a test of what else the machine is doing.
    # That goes for being above zero, too, as some are the difference of two times.
    for figure in (figures.traced_call, figures.fork_and_exec_milliseconds, figures.worst_replay):
        found = figure(run)
        assert found is not None
        assert math.isfinite(found)
