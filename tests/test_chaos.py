"""`--chaos`: bugs that a fair schedule hides are found, and what was done to the program is done again at replay."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from redrive.tracee.kernel import probe
from tests.c_programs import SKIPPED, Program, read_programs
from tests.redrive_command import Redrive, Run

REPLAYS = 20
"""How often a kept trace must show the same."""
RUNS = 100
"""A hunt that needs more has not found what chaos is for."""
SHORT_TRANSFER_SEEDS = (2, 3, 4, 6, 7)
"""Some of the seeds under which transfers are shortened: a quarter of them leave it out."""
FIXTURES = [program for program in read_programs() if program.stands_by_itself and program.bears_chaos]
QUICK = ("conditions", "futex_pi", "futex_wait_wake", "pipes", "server_and_clients", "signal_targets", "tgkill")
"""Those that have found most mistakes."""


def record_under_chaos(redrive: Redrive, archive: Path, seed: int, binary: Path) -> Run:
    """One recording."""
    return redrive.run("record", "--chaos", "--seed", str(seed), "-o", archive, "--", binary)


def hunt_and_replay(redrive: Redrive, binary: Path, seed: int) -> int:
    """Hunts for the lost update, and asserts that each replay of what is kept shows it.  How many runs it took."""
    hunt = redrive.run("hunt", "--chaos", "--seed", str(seed), "-n", str(RUNS), "-j1", "--", binary)
    assert hunt.status == 1, str(hunt)
    assert re.fullmatch(rb"counted to \d+\n", hunt.stdout) and hunt.stdout != b"counted to 1000\n", str(hunt)
    [(run, of_run)] = re.findall(rb"exit 1: run (\d+) \(seed (\d+)\)", hunt.said)
    assert int(of_run) == seed + int(run) - 1
    for _ in range(REPLAYS):
        replay = redrive.run("replay")
        assert (replay.status, replay.stdout) == (0, hunt.stdout), str(replay)
    assert b"chaos seed " + of_run in redrive.run("info").stdout
    return int(run)


def test_a_lost_update_is_found_and_kept(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    hunt_and_replay(redrive, launcher("rare_lost_update"), 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 51_000, 1000))
def test_a_lost_update_is_found_whatever_the_seed(redrive: Redrive, launcher: Callable[[str], Path], seed: int) -> None:
    hunt_and_replay(redrive, launcher("rare_lost_update"), seed)


class TestSeed:
    def test_it_is_made_up_printed_and_stored(self, redrive: Redrive) -> None:
        seeds = set()
        for number in range(2):
            recording = redrive.run("record", "--chaos", "-o", str(number), "true")
            [seed] = re.findall(rb"seed of this chaos was (\d+)\n", recording.said)
            assert b"chaos seed " + seed in redrive.run("info", str(number)).stdout
            seeds.add(seed)
        assert len(seeds) == 2

    def test_without_chaos_there_is_none(self, redrive: Redrive) -> None:
        recording = redrive.run("record", "-o", "quiet", "true")
        assert b"chaos seed" not in recording.said + redrive.run("info", "quiet").stdout

    @pytest.mark.parametrize("command", ["record", "hunt"])
    def test_it_is_for_chaos(self, redrive: Redrive, command: str) -> None:
        refused = redrive.run(command, "--seed", "1", "true")
        assert (refused.status, refused.said.count(b"\n")) == (2, 1), str(refused)

    def test_each_run_of_a_hunt_has_its_own(self, redrive: Redrive) -> None:
        hunt = redrive.run("hunt", "--chaos", "--seed", "41", "-n", "3", "-j1", "--keep-going", "false")
        assert b"run 1 (seed 41), run 2 (seed 42), run 3 (seed 43)" in hunt.said, str(hunt)


def test_transfers_are_short_where_the_kernel_might_have_moved_less(
    redrive: Redrive, launcher: Callable[[str], Path]
) -> None:
    """The fixture itself looks that no others are."""
    if probe().inherited_filter:
        pytest.skip("a filter is inherited, which must see the counts that the program gives")
    lines: set[bytes] = set()
    for seed in SHORT_TRANSFER_SEEDS:
        archive = redrive.folder / str(seed)
        recording = record_under_chaos(redrive, archive, seed, launcher("short_transfers"))
        assert recording.status == 0, str(recording)
        redrive.replay_repeats(archive, recording)
        lines.update(recording.stdout.splitlines())
    for line in (b"pipe of a stream: no writes, some", b"stream: no writes, some", b"TCP: no writes, some"):
        assert line + b" reads short" in lines
    assert b"TCP, without blocking: some writes, some reads short" in lines


def is_repeated(redrive: Redrive, binary: Path, program: Program, seed: int) -> None:
    """Recorded under chaos a fixture does what it always does, and its replay the same."""
    archive = redrive.folder / f"seed{seed}"
    recording = record_under_chaos(redrive, archive, seed, binary)
    assert recording.status in (program.status, SKIPPED), str(recording)
    redrive.replay_repeats(archive, recording)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("program", [program for program in FIXTURES if program.source.stem in QUICK], ids=str)
def test_recorded_under_chaos_and_replayed(
    program: Program, seed: int, compiled: Callable[[Program], Path], redrive: Redrive
) -> None:
    is_repeated(redrive, compiled(program), program, seed)


@pytest.mark.soak
@pytest.mark.parametrize("program", FIXTURES, ids=str)
def test_recorded_under_many_seeds_and_replayed(
    program: Program, compiled: Callable[[Program], Path], redrive: Redrive
) -> None:
    for seed in range(100, 120):
        is_repeated(redrive, compiled(program), program, seed)
