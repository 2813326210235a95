"""Every C fixture, one pitfall each: runs the same when recorded, and replays the same twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redrive.tracee.kernel import probe
from tests.c_programs import SKIPPED, Program, read_programs
from tests.redrive_command import Redrive

TIMES = [pytest.param(1, id="once"), pytest.param(50, id="fifty times", marks=pytest.mark.soak)]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("program", [program for program in read_programs() if program.stands_by_itself], ids=str)
def test_recorded_and_replayed_twice(
    program: Program, times: int, compiled: Callable[[Program], Path], redrive: Redrive
) -> None:
    if program.needs_signal_mask and not probe().signal_mask:
        pytest.skip("this kernel has no PTRACE_SETSIGMASK")
    binary = compiled(program)
    native = redrive.native(binary)
    if native.status == SKIPPED:
        pytest.skip(native.stderr.decode())
    assert native.status == program.status, f"not even without Redrive: {native}"

    for number in range(times):
        archive = redrive.folder / f"trace{number}"
        recording = redrive.record(archive, binary)
        assert recording.status == program.status, f"recording {number}: {recording}"
        if not program.output_varies:
            assert (recording.stdout, recording.stderr) == (native.stdout, native.stderr)
        redrive.replay_repeats(archive, recording)
        redrive.replay_repeats(archive, recording)
        archive.unlink()
