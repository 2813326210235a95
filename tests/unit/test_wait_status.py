"""How a process ended, in words."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from redrive.tools.wait_status import describe, signal_name


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x0000, "exit 0"),
        (0xFF00, "exit 255"),
        (0x0009, "killed by SIGKILL"),
        (0x008B, "killed by SIGSEGV (core dumped)"),
        (0x0022, "killed by SIGRTMIN"),
        (0x137F, "wait status 0x137f"),
        (2**40, "wait status 0x10000000000"),
        (-1, "wait status -0x1"),
    ],
)
def test_words(status: int, words: str) -> None:
    assert describe(status) == words


def test_every_signal_has_a_name() -> None:
    names = [signal_name(number) for number in range(1, 65)]
    assert len(set(names)) == 64
    assert signal_name(signal.SIGRTMIN + 3) == "SIGRTMIN+3"
    assert signal_name(64) == "SIGRTMAX"


@pytest.mark.parametrize("status", [0x0000, 0x4D00, 0x0009, 0x000F, 0x008B, 0x0022, 0x0040])
def test_ending_like_another(status: int) -> None:
    program = f"from redrive.tools.wait_status import end_like; print('before'); end_like({status})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.returncode == (-(status & 0x7F) if status & 0x7F else status >> 8)
    assert ended.stdout == "before\n"
