"""The recorder's looks into tasks that have become another user, where it lacks the capability CAP_SYS_PTRACE.

That is what root has in a default Docker container.  The kernel lets a thread look into a process that has its own user
and group (ptrace(2), "Ptrace access mode checking"), and who may take on any identity may take on that one.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from redrive.tracee import proc_file
from redrive.tracee._native import lib


class Identity(NamedTuple):
    """What the kernel compares of who looks: real and file-system ids, the same here."""

    user: int
    group: int


class Disguise:
    """The identity that the thread which records has taken on."""

    def __init__(self) -> None:
        users, groups = os.getresuid(), os.getresgid()
        self.own = self.taken = Identity(users[0], groups[0])
        self._possible = len(set(users)) == len(set(groups)) == 1

    def take(self, identity: Identity) -> bool:
        """Whether the kernel has granted it, or it is taken on already."""
        if identity == self.taken:
            return True
        if not self._possible:
            return False
        # What is loaded when first needed, perhaps from where only our own user may read.
        from redrive.recorder import landmarks  # noqa: F401

        if lib.redrive_take_identity(*identity) != 0:
            # The group may have been granted, and the user not.
            lib.redrive_take_identity(*self.taken)
            return False
        self.taken = identity
        return True


def identity_of(tid: int) -> Identity | None:
    """A task's; None where its real, effective and saved ids differ, as then nobody has the same."""
    users, groups = set(ids_of(tid, "Uid")), set(ids_of(tid, "Gid"))
    return Identity(*users, *groups) if len(users) == len(groups) == 1 else None


def ids_of(tid: int, kind: str) -> tuple[int, int, int]:
    """Real, effective and saved ids of a task; ``kind`` is the line's name in /proc/PID/status (proc(5)).

    Raises OSError when the task is gone.
    """
    real, effective, saved, _ = proc_file.read_fields(f"/proc/{tid}/status")[kind].split()
    return int(real), int(effective), int(saved)
