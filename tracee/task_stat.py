"""What a stat file of /proc says of a process or a task (proc(5))."""

from __future__ import annotations

import os

from redrive.tracee import proc_file

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def stat_fields(path: str) -> list[str]:
    """The fields of a stat file by their number in proc(5), from 3 on: what is before is the name, and any text.

    Raises OSError when there is no such process or task.
    """
    return ["", "", "", *proc_file.read_text(path).rpartition(")")[2].split()]


def state(tid: int) -> str:
    """The letter that proc(5) gives for what a task does, field 3.  Raises OSError when the task is gone."""
    return stat_fields(f"/proc/{tid}/stat")[3]


def parent(pid: int) -> int:
    """The pid of a process's parent, field 4; 0 for none.  Raises OSError when the process is gone."""
    return int(stat_fields(f"/proc/{pid}/stat")[4])


def cpu_time(tid: int) -> float:
    """Seconds in user code and the kernel, to the clock tick: utime and stime, fields 14 and 15.

    /proc/TID/stat would add those of the other threads.  Raises OSError when the task is gone.
    """
    fields = stat_fields(f"/proc/{tid}/task/{tid}/stat")
    return (int(fields[14]) + int(fields[15])) / _TICKS_PER_SECOND
