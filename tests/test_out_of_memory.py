"""The machine's OOM killer, in a memory cgroup that is too small: what was recorded until then is there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import processes_in, until
from tests.redrive_command import Redrive

LIMIT = 160 << 20
"""Bytes: a recorder takes some 30 MiB."""
GROW = "kept = []\nwhile True:\n    kept.append(b'x' * (4 << 20)); print(len(kept), flush=True)"
LIKELY = 'echo 1000 >/proc/$$/oom_score_adj; exec "$@"'
"""The recorder is chosen then (proc(5)), as the program takes that back for itself."""
UNLIKELY = "open('/proc/self/oom_score_adj', 'w').write('0')\n"


def _limit_file() -> Path | None:
    """Where a new group's limit is written, below the hierarchy's folder; None where there are no such groups."""
    first, second = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    if (first / "memory.limit_in_bytes").exists():
        return first / "memory.limit_in_bytes"
    with suppress(OSError):
        if "memory" in (second / "cgroup.subtree_control").read_text().split():
            return second / "memory.max"
    return None


@pytest.fixture
def confined(redrive: Redrive) -> Iterator[Redrive]:
    """Redrive in a group of its own."""
    limit = _limit_file()
    if limit is None or not os.access(limit.parent, os.W_OK):
        pytest.skip("no memory cgroups (cgroups(7)) that may be used")
    group = limit.parent / f"redrive-test-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit.name).write_text(str(LIMIT))
        for without_swap, most in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", LIMIT)):
            if (group / without_swap).exists():
                (group / without_swap).write_text(str(most))
        yield redrive.behind("sh", "-c", 'echo $$ > "$0"; exec "$@"', group / "cgroup.procs")
    finally:
        until(lambda: processes_in(redrive.folder) == [])
        group.rmdir()


def test_the_program_is_killed(confined: Redrive, redrive: Redrive) -> None:
    archive = redrive.folder / "trace"
    recording = confined.record(archive, sys.executable, "-c", GROW)
    assert recording.status == -signal.SIGKILL and recording.stdout.count(b"\n") > 5, str(recording)
    assert b"The recording is complete" in redrive.run("info", archive).stdout
    replay = redrive.run("replay", archive)
    assert (replay.status, replay.stdout) == (0, recording.stdout), str(replay)


def test_its_recorder_is_killed(confined: Redrive, redrive: Redrive) -> None:
    archive = redrive.folder / "trace"
    likely = confined.behind("bash", "-c", LIKELY, "-")
    recording = likely.record(archive, sys.executable, "-c", UNLIKELY + GROW)
    assert recording.status == -signal.SIGKILL, str(recording)
    until(lambda: processes_in(redrive.folder) == [])
    assert b"The recording was not closed" in redrive.run("info", archive).stdout
    replay = redrive.run("replay", archive)
    assert replay.status == 0 and b"the trace ends early: " in replay.said, str(replay)
    # What it did in its last second may be missing.
    assert recording.stdout.startswith(replay.stdout)
