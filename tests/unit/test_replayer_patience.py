"""A replay whose task never comes to its next event ends with a report."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from redrive.replayer import patience
from redrive.replayer.divergence import Divergence
from redrive.replayer.replay import replay
from tests.unit.replayer_traces import CODE, FIRST_TASK, TraceByHand, assemble

GETPPID = 110


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LEAST_TIME", 1.5)
    monkeypatch.setattr(patience, "SLOWER", 0)


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_an_endless_loop_is_a_divergence(tmp_path: Path, force_breakpoints: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("there: jmp there", tmp_path))
    trace.syscall(7, 1, rax=GETPPID)
    trace.syscall(14, 1, rax=GETPPID)
    with pytest.raises(Divergence) as caught:
        replay(trace.close(), force_breakpoints=force_breakpoints)
    report = str(caught.value)
    assert "at event 1: " in report and "this event within 2 s of CPU time" in report
    assert f"    0: task {FIRST_TASK} Exec" in report and "    2: " not in report
    assert f"at          {CODE:#x}" in report
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
