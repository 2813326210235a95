"""A recorded program that somebody outside the recording kills, wherever it is and whatever is being done to it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.redrive_command import DEADLINE, Redrive


def test_while_it_computes(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    """Its timer makes the recorder step it most of the time."""
    program = launcher("computes_and_ticks")
    for number in range(12):
        archive = redrive.folder / f"trace-{number}"
        command = [*redrive.command, "record", "-o", archive, "--", program]
        with subprocess.Popen(
            command, cwd=redrive.folder, env=redrive.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as recorder:
            assert recorder.stdout is not None
            pid = int(recorder.stdout.readline())
            time.sleep(0.1 + random.random() / 5)
            os.kill(pid, signal.SIGKILL)
            try:
                _, said = recorder.communicate(timeout=DEADLINE)
            except subprocess.TimeoutExpired:
                recorder.kill()
                raise
        assert recorder.returncode == -signal.SIGKILL, said.decode()
        replay = redrive.run("replay", archive)
        assert replay.status == 0 and replay.stdout == b"%d\n" % pid, str(replay)
