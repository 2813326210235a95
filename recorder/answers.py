"""Syscalls the recorder answers in the kernel's place, so that its own arrangements do not show in the program."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from redrive.recorder.task import Answer, OpenCall, Task
from redrive.tracee.syscalls import MemoryFault

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_MASK_LIMIT = 1024
"""Bytes of the largest affinity mask we look at: 8192 CPUs."""


def _named_task(recording: Recording, task: Task, pid: int) -> Task | None:
    return recording.tasks.get(pid & 0x7FFF_FFFF) if pid else task


def _sched_getaffinity(recording: Recording, task: Task, call: OpenCall) -> Answer | None:
    pid, length, address = call.arguments[:3]
    target = _named_task(recording, task, pid)
    if target is None:
        return None
    mask = target.affinity
    if length < len(mask) or length % 8:
        return Answer(-errno.EINVAL)
    return Answer(len(mask), ((address, mask),))


def _sched_setaffinity(recording: Recording, task: Task, call: OpenCall) -> Answer | None:
    pid, length, address = call.arguments[:3]
    target = _named_task(recording, task, pid)
    if target is None:
        return None
    try:
        wanted = task.tracee.read(address, min(length, _MASK_LIMIT))
    except MemoryFault:
        return Answer(-errno.EFAULT)
    available = recording.affinity
    bits = int.from_bytes(wanted, "little") & int.from_bytes(available, "little")
    if not bits:
        return Answer(-errno.EINVAL)
    target.affinity = bits.to_bytes(len(available), "little")
    return Answer(0)


def _get_tsc(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return Answer(0, ((call.arguments[1], struct.pack("<i", task.process.tsc)),))


def _set_tsc(recording: Recording, task: Task, call: OpenCall) -> Answer:
    if call.arguments[1] not in (1, 2):
        return Answer(-errno.EINVAL)
    task.process.tsc = call.arguments[1]
    return Answer(0)


def _get_dumpable(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return Answer(task.process.dumpable)


def _set_dumpable(recording: Recording, task: Task, call: OpenCall) -> Answer:
    # An undumpable process could not be read any more by an unprivileged recorder.
    if call.arguments[1] not in (0, 1):
        return Answer(-errno.EINVAL)
    task.process.dumpable = call.arguments[1]
    return Answer(0)


def _get_seccomp(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return Answer(2 if task.process.filtered else 0)


def _get_no_new_privileges(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return Answer(int(task.process.no_new_privileges))


def _get_cpuid(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return Answer(1)


def _ptrace(recording: Recording, task: Task, call: OpenCall) -> Answer:
    return recording.attachments.ptrace(task, call)


def _seccomp_strict(recording: Recording, task: Task, call: OpenCall) -> Answer:
    # libseccomp asks whether the syscall is there with a flag that no kernel accepts.
    if call.arguments[1] & 0xFFFF_FFFF or call.arguments[2]:
        return Answer(-errno.EINVAL)
    return _set_strict(recording, task, call)


def _set_strict(recording: Recording, task: Task, call: OpenCall) -> Answer:
    if task.process.filtered:
        return Answer(-errno.EINVAL)
    task.strict = task.process.filtered = True
    return Answer(0)


_ANSWERS: dict[str, Callable[[Recording, Task, OpenCall], Answer | None]] = {
    "sched_getaffinity": _sched_getaffinity,
    "sched_setaffinity": _sched_setaffinity,
    "ptrace": _ptrace,
    "PR_GET_TSC": _get_tsc,
    "PR_SET_TSC": _set_tsc,
    "PR_GET_DUMPABLE": _get_dumpable,
    "PR_SET_DUMPABLE": _set_dumpable,
    "PR_GET_SECCOMP": _get_seccomp,
    "PR_GET_NO_NEW_PRIVS": _get_no_new_privileges,
    "PR_SET_SECCOMP": _set_strict,
    "SECCOMP_SET_MODE_STRICT": _seccomp_strict,
    "ARCH_GET_CPUID": _get_cpuid,
}


def answer(recording: Recording, task: Task, call: OpenCall) -> Answer | None:
    """The answer to an emulated syscall; None where it concerns no task of ours and the kernel may answer.

    What the table emulates and nothing here answers is refused as a kernel without it would: -EINVAL.
    """
    assert call.syscall is not None
    found = _ANSWERS.get(call.syscall.command or call.syscall.name)
    return found(recording, task, call) if found else Answer(-errno.EINVAL)
