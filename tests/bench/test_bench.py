"""The benchmark runs, and the costs it finds are of the right order.

Limits here are generous, as other work shares the machine; the targets proper are those that `make bench` prints.
"""

from __future__ import annotations

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


def test_a_traced_call_costs_a_few_bare_ones(run: Run) -> None:
    times = figures.traced_call(run)
    assert times is not None
    assert times < 6


def test_fork_and_exec_cost_milliseconds(run: Run) -> None:
    milliseconds = figures.fork_and_exec_milliseconds(run)
    assert milliseconds is not None
    assert milliseconds < 40


def test_replay_takes_no_longer_than_a_few_recordings(run: Run) -> None:
    times = figures.worst_replay(run)
    assert times is not None
    assert times < 3
