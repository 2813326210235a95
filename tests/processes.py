"""Processes that a test has not started itself: finding them, and waiting for what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.redrive_command import DEADLINE


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process is to bring about."""
    give_up = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def name_and_state(pid: int) -> tuple[str, str]:
    """As /proc/PID/stat has them (proc(5)); empty for a process that has gone."""
    try:
        name, _, fields = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return "", ""
    return name, fields.split()[0]


def processes_in(folder: Path) -> list[int]:
    """The processes that have this working directory: a hunt, its recorders, and what they record."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(folder):
                found.append(int(pid))
        except OSError:
            continue
    return found
