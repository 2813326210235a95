"""What a program prints to a file: the replay prints the same, wherever its own output goes."""

from __future__ import annotations

import shlex

from tests.redrive_command import Redrive

_WRITES_IN_PLACES = """
import os
os.pwrite(1, b"second\\n", 6)
os.pwritev(1, [b"fir", b"st\\n"], 0)
os.lseek(1, 13, os.SEEK_SET)
os.write(1, b"third\\n")
"""


def test_written_at_offsets(redrive: Redrive) -> None:
    archive, output = redrive.folder / "trace", redrive.folder / "output"
    recording = redrive.run("record", "-o", archive, "--", "python3", "-c", _WRITES_IN_PLACES)
    assert recording.status != 0, "a pipe has no places"
    program = shlex.join([*redrive.command, "record", "-o", f"{archive}2", "--", "python3", "-c", _WRITES_IN_PLACES])
    recording = redrive.native("sh", "-c", f"{program} > {output}")
    assert recording.status == 0, str(recording)
    assert output.read_bytes() == b"first\nsecond\nthird\n"
    replay = redrive.run("replay", f"{archive}2")
    assert (replay.status, replay.stdout) == (0, b"second\nfirst\nthird\n"), str(replay)
