"""The same small run many times: as whoever runs the tests, as an ordinary user, inside a container's filter."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redrive_command import Redrive

SCRIPT = r"""
trap 'echo caught' USR1
echo "$$ $RANDOM $(date +%N)"
for word in one two three; do echo "$word"; done | sort | while read -r word; do echo "<$word>"; done
(kill -USR1 $$)
for i in 1 2 3; do (sleep 0.00$i; exit $i) & done
wait
/bin/true && echo "over" >&2
exit 3
"""
OFTEN = [pytest.param(5, id="5"), pytest.param(100, id="100", marks=pytest.mark.soak)]


def record_and_replay(redrive: Redrive, times: int) -> None:
    """Each of ``times`` recordings must be right and replay."""
    for number in range(times):
        archive = redrive.folder / f"trace{number}"
        recording = redrive.record(archive, "bash", "-c", SCRIPT)
        assert recording.status == 3, f"recording {number}: {recording}"
        assert recording.stdout.endswith(b"<one>\n<three>\n<two>\ncaught\n"), f"recording {number}: {recording}"
        assert recording.stderr == b"over\n", f"recording {number}: {recording}"
        redrive.replay_repeats(archive, recording)
        archive.unlink()


@pytest.fixture
def contained(redrive: Redrive, launcher: Callable[[str], Path]) -> Redrive:
    """Redrive inside a filter like the one Docker gives a container."""
    return redrive.behind(launcher("docker_filter"))


@pytest.mark.parametrize("times", OFTEN)
def test_as_whoever_this_is(redrive: Redrive, times: int) -> None:
    record_and_replay(redrive, times)


@pytest.mark.parametrize("times", OFTEN)
def test_as_an_ordinary_user(ordinary: Redrive, times: int) -> None:
    assert ordinary.native("id", "-u").stdout != b"0\n"
    record_and_replay(ordinary, times)


@pytest.mark.parametrize("times", OFTEN)
def test_inside_a_container_filter(contained: Redrive, times: int) -> None:
    status = contained.native("cat", "/proc/self/status").stdout
    assert b"Seccomp:\t2\n" in status
    record_and_replay(contained, times)


def test_recorded_by_one_user_and_replayed_by_another(redrive: Redrive, ordinary: Redrive) -> None:
    """Root records, nobody replays, inside a folder that holds nothing else."""
    archive = ordinary.folder / "trace"
    recording = redrive.record(archive, "bash", "-c", SCRIPT)
    assert recording.status == 3, str(recording)
    os.chmod(archive, 0o644)
    ordinary.replay_repeats(archive, recording)


def test_recorded_in_a_container_and_replayed_outside(contained: Redrive, redrive: Redrive) -> None:
    archive = redrive.folder / "trace"
    recording = contained.record(archive, "bash", "-c", SCRIPT)
    assert recording.status == 3, str(recording)
    redrive.replay_repeats(archive, recording)
    inside = redrive.folder / "recorded-outside"
    recording = redrive.record(inside, "bash", "-c", SCRIPT)
    contained.replay_repeats(inside, recording)


def test_without_network(redrive: Redrive) -> None:
    """What was recorded with sockets replays in an empty network namespace."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("no new network namespace for this user")
    archive = redrive.folder / "trace"
    recording = redrive.record(
        archive, "bash", "-c", "exec 3<>/dev/udp/127.0.0.1/9; echo $$ to a socket >&3; echo done"
    )
    assert recording.status == 0, str(recording)
    redrive.behind("unshare", "-n").replay_repeats(archive, recording)
