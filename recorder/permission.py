"""Whether the recorder may still look into a task, and what recording keeps a program from gaining.

Attaching once is not enough: the kernel asks again at each look into memory or /proc (ptrace(2), "Ptrace access mode
checking"), and execve of a file that cannot be read, or another user, changes its answer.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from redrive.recorder.disguise import identity_of, ids_of
from redrive.recorder.errors import CannotStart, RecordError
from redrive.recorder.injected_calls import call_in_tracee
from redrive.recorder.task import OpenCall, Task
from redrive.tracee import proc_file
from redrive.tracee.agent_pages import AGENT_ADDRESS

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

CHANGES_IDENTITY = (
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid"),
    *("capset", "setns", "unshare"),
)
"""The syscalls after which a task may be somebody the recorder has no power over."""
_PATH_ARGUMENT = {"execve": 0, "execveat": 1}
_INTERPRETER = re.compile(rb"#![ \t]*([^ \t\n\0]+)")
_FIRST_LINE = 256
"""BINPRM_BUF_SIZE of linux/binfmts.h."""
_PRCTL, _PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 157, 3, 4
_CAPABILITIES = "security.capability"


def may_look_into(tid: int) -> bool:
    """By asking for what the kernel grants under the same conditions as memory.  True for a task that is gone."""
    try:
        os.readlink(f"/proc/{tid}/exe")
    except PermissionError:
        return False
    except OSError:
        return True
    return True


def check_program(recording: Recording, task: Task, call: OpenCall | None) -> None:
    """After execve: raises RecordError, or CannotStart for the command itself, when the new program is out of reach."""
    if may_look_into(task.tid):
        _note_privileges(recording, task)
        return
    reason = f"{_explain(recording, task, call)}, and the kernel lets only a privileged recorder look into it"
    text = f"cannot record {reason}: make it readable (chmod a+r), or record as root"
    raise RecordError(text) if call else CannotStart(text, 126)


def check_identity(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """After a change of user or namespace.  Raises RecordError when the task is out of the recorder's reach now."""
    if may_look_into(task.tid):
        _learn_dumpable(recording, task)
        return
    if _follow(recording, task):
        return
    assert call.syscall is not None
    raise RecordError(
        f"task {task.tid} has become another user ({call.syscall.name}), whose processes this recorder may not look "
        "into: that needs the capability CAP_SYS_PTRACE (Docker: --cap-add=SYS_PTRACE)"
    )


def _learn_dumpable(recording: Recording, task: Task) -> None:
    """What the kernel makes of it when a process becomes somebody else: commit_creds of kernel/cred.c.

    A filter of the program's own is not asked about a call that it does not make.
    """
    if not task.process.filtered:
        dumpable = call_in_tracee(recording, task, AGENT_ADDRESS, _PRCTL, _PR_GET_DUMPABLE)
        # The recorder keeps it at 1 where the program has asked for less.
        task.process.dumpable = task.process.dumpable if dumpable == 1 else dumpable


def _follow(recording: Recording, task: Task) -> bool:
    """Become the same user as the task, which the kernel has made undumpable: commit_creds of kernel/cred.c."""
    identity = identity_of(task.tid)
    if identity is None or not recording.disguise.take(identity):
        return False
    call_in_tracee(recording, task, AGENT_ADDRESS, _PRCTL, _PR_SET_DUMPABLE, 1)
    task.identity = identity
    task.process.dumpable = int(proc_file.read_text("/proc/sys/fs/suid_dumpable"))
    return may_look_into(task.tid)


def _explain(recording: Recording, task: Task, call: OpenCall | None) -> str:
    """Which file keeps the recorder out, as far as it can be found: the program, or the interpreter a script names."""
    asked = _asked_path(recording, call)
    if not asked:
        return f"task {task.tid}: it has executed a file that may not be read"
    try:
        with open(asked, "rb") as file:
            script = _INTERPRETER.match(file.read(_FIRST_LINE))
    except PermissionError:
        return f"{asked}{_mode(asked)}: it may be executed but not read"
    except OSError:
        script = None
    if script is None:
        return f"{asked}: it, or the loader that it names, may be executed but not read"
    interpreter = os.fsdecode(script[1])
    return f"{asked}: its interpreter {interpreter}{_mode(interpreter)} may be executed but not read"


def _asked_path(recording: Recording, call: OpenCall | None) -> str:
    if call is None:
        return recording.program
    name = call.syscall.name if call.syscall else ""
    return os.fsdecode(dict(call.inputs).get(_PATH_ARGUMENT.get(name, -1), b"").rstrip(b"\0"))


def _mode(path: str) -> str:
    try:
        return f" (mode {stat.S_IMODE(os.stat(path).st_mode):04o})"
    except OSError:
        return ""


def _note_privileges(recording: Recording, task: Task) -> None:
    """Say when the program would have gained privileges: the filter needs no_new_privs, which execve heeds."""
    program = f"/proc/{task.tid}/exe"
    try:
        status = os.stat(program)
        gains = _gains(task, program, status)
        path = os.readlink(program)
    except OSError:
        return
    if not gains or path in recording.named_privileged or task.process.no_new_privileges or _never_gains(program):
        return
    recording.named_privileged.add(path)
    recording.note(task, f"{path} is {gains}; a recorded program gains no privileges, so it ran without them")


def _gains(task: Task, program: str, status: os.stat_result) -> str:
    if status.st_mode & stat.S_ISUID and status.st_uid != _effective_id(task.tid, "Uid"):
        return f"set-user-ID (user {status.st_uid})"
    # Without the group's execute bit it means something else: execve(2).
    changes_group = status.st_mode & stat.S_ISGID and status.st_mode & stat.S_IXGRP
    if changes_group and status.st_gid != _effective_id(task.tid, "Gid"):
        return f"set-group-ID (group {status.st_gid})"
    if _CAPABILITIES in os.listxattr(program) and _effective_id(task.tid, "Uid"):
        return "given file capabilities"
    return ""


def _effective_id(tid: int, kind: str) -> int:
    return ids_of(tid, kind)[1]


def _never_gains(program: str) -> bool:
    """Whether it would not gain anything without Redrive either: no_new_privs is inherited, or the mount says so."""
    own = proc_file.read_fields("/proc/self/status")
    return own.get("NoNewPrivs") == "1" or bool(os.statvfs(program).f_flag & os.ST_NOSUID)
