"""What cannot be recorded ends the recording with a sentence, and what came before it replays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redrive_command import Redrive


def test_32_bit_syscalls(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    program = launcher("compatibility_calls")
    if b"no 32-bit" in redrive.native(program).stdout:
        pytest.skip("this kernel has no 32-bit syscalls")
    archive = redrive.folder / "trace"
    recording = redrive.record(archive, program)
    assert recording.status == 1 and b"32-bit" in recording.said, str(recording)
    redrive.replay_repeats(archive, recording)
