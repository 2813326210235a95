"""How much CPU time a task has used."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_time(tid: int) -> float:
    """Seconds in user code and the kernel, to the clock tick: utime and stime of the task's stat file (proc(5)).

    /proc/TID/stat would add those of the other threads.  Raises OSError when the task is gone.
    """
    fields = Path(f"/proc/{tid}/task/{tid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
