"""A recorder that is killed or asked to end, whenever: what is left opens, says why it ends, and replays to there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.processes import processes_in, until
from tests.redrive_command import DEADLINE, Redrive

OFTEN = [pytest.param(6, id="6"), pytest.param(100, id="100", marks=pytest.mark.soak)]
WORK = r"""
(while :; do echo side | read line; done) &
while :; do echo $EPOCHREALTIME; (exit 3); read -t 0.001 < <(echo .); done
"""
"""Forks, pipes, signals and sleeps without an end; what it writes says when."""
LOST_AT_MOST = 1.0
"""Seconds, of what the program has done, for which the recording may be too short (the issue's promise)."""


def start(redrive: Redrive, archive: Path) -> subprocess.Popen[bytes]:
    """A recording that goes on until somebody ends it, once the program is at work."""
    written = redrive.folder / "written"
    with written.open("wb") as stdout:
        recorder = subprocess.Popen(
            [*redrive.command, "record", "-o", archive, "--", "bash", "-c", WORK],
            cwd=redrive.folder,
            env=redrive.environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    until(lambda: b"\n" in written.read_bytes())
    time.sleep(random.random() / 2)
    return recorder


def times(written: bytes) -> list[float]:
    """Those of whole lines."""
    return [float(line) for line in written.split(b"\n")[:-1]]


def check_what_is_left(redrive: Redrive, archive: Path, why: bytes) -> float:
    """Returns how many seconds at the end of the program's run are not in the archive."""
    until(lambda: processes_in(redrive.folder) == [])
    shown = redrive.run("info", archive)
    assert shown.status == 0 and why in shown.stdout, str(shown)
    replay = redrive.run("replay", archive)
    assert replay.status == 0 and b"the trace ends early: " in replay.said, str(replay)
    written = times((redrive.folder / "written").read_bytes())
    # Where it was killed before its first frame was due, none of it is there.
    return written[-1] - ([written[0], *times(replay.stdout)])[-1]


@pytest.mark.parametrize("often", OFTEN)
@pytest.mark.parametrize("whom", ["recorder", "group"])
def test_killed(redrive: Redrive, whom: str, often: int) -> None:
    lost = []
    for number in range(often):
        archive = redrive.folder / f"trace-{number}"
        with start(redrive, archive) as recorder:
            if whom == "recorder":
                recorder.kill()
            else:
                os.killpg(recorder.pid, signal.SIGKILL)
            recorder.communicate(timeout=DEADLINE)
        lost.append(check_what_is_left(redrive, archive, b"The recording was not closed"))
        archive.unlink()
    # Under load the recorder may not have come to write for a while; that is not what the short test is for.
    assert often < 100 or max(lost) < LOST_AT_MOST, lost


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end(redrive: Redrive, number: signal.Signals) -> None:
    archive = redrive.folder / "trace"
    with start(redrive, archive) as recorder:
        recorder.send_signal(number)
        _, said = recorder.communicate(timeout=DEADLINE)
    assert recorder.returncode == 1 and b"what was recorded until then is in" in said
    lost = check_what_is_left(redrive, archive, b"the recorder was asked to stop by " + number.name.encode())
    assert lost < LOST_AT_MOST


def test_asked_to_end_twice(redrive: Redrive) -> None:
    """As by a terminal that closes, and then by its shell: the second one finds the archive being closed."""
    archive = redrive.folder / "trace"
    with start(redrive, archive) as recorder:
        recorder.send_signal(signal.SIGHUP)
        time.sleep(random.random() / 20)
        recorder.send_signal(signal.SIGTERM)
        _, said = recorder.communicate(timeout=DEADLINE)
    assert recorder.returncode == 1 and b"what was recorded until then is in" in said
    check_what_is_left(redrive, archive, b"the recorder was asked to stop by SIGHUP")


def test_broken_off_while_a_task_leaves(redrive: Redrive) -> None:
    """A task that stops on its way out is not woken by SIGKILL."""
    script = """
        from redrive.recorder import families
        from redrive.recorder.errors import RecordError

        def leaving(recording, task):
            raise RecordError("broken off")

        families.leaving = leaving
        from redrive.tools.main import main

        main()
    """
    command = (sys.executable, "-c", textwrap.dedent(script), "record", "-o", "trace", "sh", "-c", "(exit 3); exit 4")
    ended = redrive.native(*command)
    assert ended.status == 1 and b"broken off; what was recorded until then is in" in ended.said, str(ended)
    assert processes_in(redrive.folder) == []


@pytest.mark.parametrize("often", [pytest.param(5, id="5"), pytest.param(100, id="100", marks=pytest.mark.soak)])
def test_one_recorded_process_is_killed(redrive: Redrive, often: int) -> None:
    """Often while the recorder still makes its program ready.  That is nothing to the recording but one more event."""
    for number in range(often):
        command = "bash -c 'sleep 1000; echo $?'; exit 4"
        recorder = subprocess.Popen(
            [*redrive.command, "record", "--verify", "-o", f"trace-{number}", "--", "bash", "-c", command],
            cwd=redrive.folder,
            env=redrive.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        until(lambda: len(sleeping_in(redrive.folder)) == 1)
        time.sleep(random.random() / 100)
        os.kill(sleeping_in(redrive.folder)[0], signal.SIGKILL)
        stdout, said = recorder.communicate(timeout=DEADLINE)
        assert (recorder.returncode, stdout) == (4, b"137\n") and b"the replay was exact" in said, said.decode()


def sleeping_in(folder: Path) -> list[int]:
    """The `sleep` processes there."""
    found = []
    for pid in processes_in(folder):
        try:
            if Path(f"/proc/{pid}/comm").read_text() == "sleep\n":
                found.append(pid)
        except OSError:
            continue
    return found
