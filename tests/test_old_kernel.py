"""Redrive where it gets what Linux 3.10 has and no more: no PTRACE_SETSIGMASK, no memfd_create, no getrandom.

A filter answers for the kernel.  The order of its stops is its own all the same: see unit/test_recorder_regimes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redrive_command import SLOWNESS, Redrive

FINIT_MODULE, NEWEST = 313, 470
"""The last syscall that 3.10 knows, and one beyond all that any kernel does."""
PTRACE, LATER_REQUESTS = 101, range(0x420A, 0x4212)
"""From PTRACE_GETSIGMASK (3.11) on: include/uapi/linux/ptrace.h."""
EIO, ENOSYS = 5, 38
TOO_FAST = b"faster than it can be recorded"
RULES = [f"{number}=errno:{ENOSYS}" for number in range(FINIT_MODULE + 1, NEWEST)] + [
    f"{PTRACE}/{request}=errno:{EIO}" for request in LATER_REQUESTS
]


@pytest.fixture
def old(redrive: Redrive, launcher: Callable[[str], Path]) -> Redrive:
    """Redrive on it."""
    return redrive.behind(launcher("foreign_filter"), *RULES, "--")


def test_the_kernel_is_an_old_one(old: Redrive) -> None:
    shown = old.run("doctor").stdout
    assert b"syscall info     not here" in shown and b"memfd_create     refused" in shown


@pytest.mark.parametrize(
    "name",
    [
        *("flags_only", "inside_handlers", "longjmp_out_of_loop", "timers_of_threads", "realtime_queue_into_loop"),
        *("alarm_in_read", "restart_after_stop", "fork_tree", "generated_code", "robust_mutex", "exec_by_thread"),
        "traps_and_segv",
    ],
)
def test_signals_loops_and_mappings(old: Redrive, launcher: Callable[[str], Path], name: str) -> None:
    program, archive = launcher(name), old.folder / "trace"
    recording = old.record(archive, program)
    if SLOWNESS > 1 and TOO_FAST in recording.said:
        pytest.skip("two timers of 1 ms are too fast for this machine, by these means")
    assert recording.status == 0, str(recording)
    old.replay_repeats(archive, recording)


def test_signals_faster_than_they_can_be_recorded_are_a_sentence(old: Redrive, launcher: Callable[[str], Path]) -> None:
    archive = old.folder / "trace"
    recording = old.record(archive, launcher("timer_too_fast"))
    if recording.status == 1:
        assert TOO_FAST in recording.said, str(recording)
    else:
        assert recording.status == 0, str(recording)
        old.replay_repeats(archive, recording)
