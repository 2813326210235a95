"""The recorder's place in a shell's job: it stops when the program has stopped, and what wakes it wakes the program.

The shell waits for the recorder, which is its child, and not for the program.  A stop from the terminal reaches both at
once, but some programs (less, vim) handle it and stop themselves later, when their terminal is as it was; so the
recorder leaves it to them.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from redrive.recorder.task import State, Task
from redrive.tracee.task_stat import stat_fields

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

LEFT_TO_THE_PROGRAM = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
"""The stops that the recorder does not obey itself."""


def stop_along(recording: Recording) -> None:
    """To be called before each wait while the program is stopped: stop too, where a shell would see that natively.

    A program without a terminal has no such shell, and whoever stops and continues it may know only its own pid.
    """
    main = recording.tasks[recording.main_tid]
    if not _is_stopped(main) or not _has_terminal():
        return
    group = os.getpgid(main.tid)
    if any(_is_of_job(task, group) and not _is_stopped(task) for task in recording.tasks.values()):
        # Natively it would run on, and might continue the stopped ones.
        return
    if os.waitid(os.P_PID, main.tid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT):
        # It has been continued already.
        return
    os.kill(os.getpid(), signal.SIGSTOP)
    # The shell has continued our group: where the program is in it, its own SIGCONT is pending, and merges with this.
    with suppress(ProcessLookupError):
        if group == os.getpgrp():
            os.kill(main.tid, signal.SIGCONT)
        else:
            os.killpg(group, signal.SIGCONT)


def _is_stopped(task: Task) -> bool:
    """Whether nothing has come from a task since it stopped."""
    return task.in_group_stop and task.state is State.SLEEPING


def _is_of_job(task: Task, group: int) -> bool:
    if task.exited or task.state is State.DYING:
        return False
    try:
        return os.getpgid(task.tid) in (group, os.getpgrp())
    except ProcessLookupError:
        return False


def _has_terminal() -> bool:
    """Whether there is a controlling terminal: tty_nr, field 7."""
    return stat_fields("/proc/self/stat")[7] != "0"
