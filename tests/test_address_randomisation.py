"""Addresses are the same in every recording unless randomisation is asked for; a replay has those of its recording."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.c_programs import Program, read_programs
from tests.redrive_command import Redrive, Run


def recordings(redrive: Redrive, compiled: Callable[[Program], Path], *options: str) -> list[Run]:
    """Two recordings of a program that prints its addresses, both replayed."""
    program = next(program for program in read_programs() if program.source.stem == "image_kinds")
    runs = []
    for number in range(2):
        archive = redrive.folder / f"trace{number}"
        run = redrive.run("record", *options, "-o", archive, "--", compiled(program))
        assert run.status == 0, str(run)
        redrive.replay_repeats(archive, run)
        runs.append(run)
    return runs


def test_off_by_default(redrive: Redrive, compiled: Callable[[Program], Path]) -> None:
    if subprocess.run(["setarch", "-R", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("personality(ADDR_NO_RANDOMIZE) is denied here, as in a container")
    first, second = recordings(redrive, compiled)
    assert first.stdout.splitlines()[0] == second.stdout.splitlines()[0]
    assert first.stdout.splitlines()[1] != second.stdout.splitlines()[1], "AT_RANDOM is random all the same"


def test_on_when_asked_for(redrive: Redrive, compiled: Callable[[Program], Path]) -> None:
    first, second = recordings(redrive, compiled, "--aslr")
    assert first.stdout.splitlines()[0] != second.stdout.splitlines()[0]
