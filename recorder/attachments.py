"""ptrace(2) for those who stop tasks only to look at them: LeakSanitizer, and programs that write their own dumps.

The kernel has no say in it, as it lets no task have two tracers.  One that is attached to is not given a turn until it
is detached from, which is all that stopping means where one task runs at a time; the answers are in the trace, so that
replay needs nothing more.  A program may attach to itself, as far as there was no execve, and to what it has started:
those that only look do no more, and debuggers, which attach to others and want more, are refused at once.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redrive.formats.events import REGISTERS_SIZE
from redrive.recorder.task import Answer, OpenCall, State, Task
from redrive.tracee import ptrace
from redrive.tracee._native import lib
from redrive.tracee.errors import TraceeGone
from redrive.tracee.syscalls import MemoryFault
from redrive.tracee.task_stat import parent

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_PEEKTEXT, _PEEKDATA, _PEEKUSER, _GETREGS, _GETFPREGS, _ATTACH, _DETACH = 1, 2, 3, 12, 14, 16, 17
_GETREGSET, _SEIZE = 0x4204, 0x4206
_NT_PRSTATUS, _NT_PRFPREG, _NT_X86_XSTATE = 1, 2, 0x202
"""Register sets, of linux/elf.h."""
_LEGACY_AREA = 512
"""Bytes of the XSAVE area that are struct user_fpregs_struct of sys/user.h."""
_WORD = 8
_USAGE_SIZE = 144
_IOVEC = struct.Struct("<QQ")
_ANY_CHILD = -1
_SIGINFO = struct.Struct("<iii4xiii")
"""si_signo, si_errno, si_code; si_pid, si_uid, si_status: asm-generic/siginfo.h."""
_CLD_TRAPPED = 4
_REFUSED = (
    "the program asked ptrace for more than to stop and look at itself or its children, which a recorded program is "
    "refused: debuggers fail"
)


@dataclass(slots=True)
class _Attachment:
    """What one task has to do with another that it is attached to."""

    tracer: Task
    stop: int = 0
    """The wait status of the stop it is in, or 0 while it is in none."""
    is_reported: bool = False
    """Whether a wait has returned that."""


class Attachments:
    """Which tasks of the tree are attached to by which."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._attached: dict[Task, _Attachment] = {}

    def ptrace(self, task: Task, call: OpenCall) -> Answer:
        """What a task is told that calls ptrace(2)."""
        request, tid = call.arguments[0], call.arguments[1] & 0x7FFF_FFFF
        target = self._recording.tasks.get(tid)
        found = self._attached.get(target) if target is not None else None
        # One that stands does not end, but for being killed: what is to be told of its end does no harm.
        wants_events = request == _SEIZE and call.arguments[3] & ~ptrace.Option.TRACEEXIT != 0
        if wants_events or request not in _KNOWN:
            self._recording.note(task, _REFUSED)
            if target is not None and found is not None and found.tracer is task:
                # It would stand for ever.
                self._let_go(target)
            return Answer(-errno.EPERM)
        if request in _BEGINNINGS:
            return self._attach(task, target, _BEGINNINGS[request])
        if target is None or found is None or found.tracer is not task:
            return Answer(-errno.ESRCH)
        if request in _CONTROLS:
            return _CONTROLS[request](self, target, found, call)
        if not found.stop:
            return Answer(-errno.ESRCH)
        try:
            return _LOOKS[request](task, target, call)
        except MemoryFault:
            return Answer(-errno.EIO)
        except TraceeGone:
            return Answer(-errno.ESRCH)

    def waited(self, task: Task, call: OpenCall) -> Answer | None:
        """What wait4(2) and waitid(2) say of a stop that their caller has caused; None where they concern none."""
        wanted = _wanted(call) if self._attached else None
        if wanted is None:
            return None
        own = [one for one in self._attached if self._attached[one].tracer.process is task.process]
        for target in own:
            attachment = self._attached[target]
            if wanted in (target.tid, _ANY_CHILD) and attachment.stop and not attachment.is_reported:
                attachment.is_reported = True
                return _reported(target, attachment.stop, call)
        if any(target.tid == wanted for target in own) and _options(call) & os.WNOHANG:
            # The kernel would not know it, as it need be no child.
            return Answer(0)
        return None

    def task_ended(self, task: Task) -> None:
        """Those it was attached to go on (ptrace(2), "Attaching and detaching"); it is itself stopped no more."""
        for target in [one for one, attachment in self._attached.items() if task in (one, attachment.tracer)]:
            self._let_go(target)

    def _attach(self, task: Task, target: Task | None, stop: int) -> Answer:
        if target is None or target.process is task.process or target in self._attached:
            # A task that is not recorded must not be given to this one, which would have its stops to itself.
            return Answer(-errno.EPERM)
        if target.process.program is not task.process.program and not _descends(target, task):
            # A debugger, which had better be told now that it will get no further.
            self._recording.note(task, _REFUSED)
            return Answer(-errno.EPERM)
        if target.state is State.DYING:
            return Answer(-errno.ESRCH)
        # From now on there may be something to say to a wait.
        self._recording.straight.leave_out(("wait4", "waitid"))
        self._attached[target] = _Attachment(task, stop)
        if stop:
            self._recording.scheduler.suspend(target)
        return Answer(0)

    def interrupt(self, target: Task, found: _Attachment, call: OpenCall) -> Answer:
        """PTRACE_INTERRUPT."""
        if not found.stop:
            found.stop = _INTERRUPTED
            self._recording.scheduler.suspend(target)
        return Answer(0)

    def detach(self, target: Task, found: _Attachment, call: OpenCall) -> Answer:
        """PTRACE_DETACH; in the place of the SIGSTOP that an attachment causes there may be another signal."""
        number = call.arguments[3] & 0xFFFF_FFFF
        if not found.stop:
            return Answer(-errno.ESRCH)
        if number > signal.SIGRTMAX:
            return Answer(-errno.EIO)
        self._let_go(target)
        if number and found.stop != _INTERRUPTED:
            lib.redrive_tgkill(target.process.tgid, target.tid, number)
        return Answer(0)

    def _let_go(self, target: Task) -> None:
        del self._attached[target]
        self._recording.scheduler.resume(target)


_INTERRUPTED = ptrace.stop_status(signal.SIGTRAP, ptrace.EVENT_STOP)
_BEGINNINGS = {_ATTACH: ptrace.stop_status(signal.SIGSTOP), _SEIZE: 0}
"""The requests that attach, and the status of the stop they cause."""


def _descends(target: Task, task: Task) -> bool:
    """Whether one task's process is a child of the other's, or a child's child."""
    pid = target.process.tgid
    with suppress(OSError):
        while pid > 1:
            pid = parent(pid)
            if pid == task.process.tgid:
                return True
    return False


def _options(call: OpenCall) -> int:
    assert call.syscall is not None
    return call.arguments[2 if call.syscall.name == "wait4" else 3]


def _wanted(call: OpenCall) -> int | None:
    """The tid whose stop a call waits for, or _ANY_CHILD; None where it waits for no stop of a tracee's."""
    name = call.syscall.name if call.syscall is not None else ""
    if name == "wait4":
        pid = call.arguments[0] & 0xFFFF_FFFF
        return _ANY_CHILD if pid == 0xFFFF_FFFF else pid
    if name != "waitid" or not call.arguments[3] & os.WSTOPPED:
        return None
    kind, pid = call.arguments[0] & 0xFFFF_FFFF, call.arguments[1] & 0xFFFF_FFFF
    return {os.P_ALL: _ANY_CHILD, os.P_PID: pid}.get(kind)


def _siginfo(target: Task, status: int) -> bytes:
    """What waitid(2) writes for a stop, of waitid's own fields."""
    try:
        user = os.stat(f"/proc/{target.tid}").st_uid
    except OSError:
        user = 0
    return _SIGINFO.pack(signal.SIGCHLD, 0, _CLD_TRAPPED, target.tid, user, status >> 8)


def _reported(target: Task, status: int, call: OpenCall) -> Answer:
    assert call.syscall is not None
    if call.syscall.name == "waitid":
        writes = [(call.arguments[2], _siginfo(target, status))] if call.arguments[2] else []
        return Answer(0, tuple(writes))
    status_address, usage_address = call.arguments[1], call.arguments[3]
    writes = []
    if status_address:
        writes.append((status_address, struct.pack("<i", status)))
    if usage_address:
        writes.append((usage_address, bytes(_USAGE_SIZE)))
    return Answer(target.tid, tuple(writes))


def _peek(task: Task, target: Task, call: OpenCall) -> Answer:
    return Answer(0, ((call.arguments[3], target.tracee.read(call.arguments[2], _WORD)),))


def _peek_user(task: Task, target: Task, call: OpenCall) -> Answer:
    offset = call.arguments[2]
    if offset % _WORD or offset >= REGISTERS_SIZE:
        return Answer(-errno.EIO)
    return Answer(0, ((call.arguments[3], target.tracee.registers[offset : offset + _WORD]),))


def _general_registers(target: Task) -> bytes:
    # Of a task that sleeps in a call these are the ones it has entered it with.
    return target.tracee.registers


def _vector_registers(target: Task) -> bytes:
    # The kernel tells those of a stopped task alone.
    return b"" if target.state is State.SLEEPING else target.tracee.get_xstate()


def _get_registers(task: Task, target: Task, call: OpenCall) -> Answer:
    return Answer(0, ((call.arguments[3], _general_registers(target)),))


def _get_legacy_registers(task: Task, target: Task, call: OpenCall) -> Answer:
    content = _vector_registers(target)[:_LEGACY_AREA]
    return Answer(0, ((call.arguments[3], content),)) if content else Answer(-errno.EIO)


_REGISTER_SETS: dict[int, Callable[[Task], bytes]] = {
    _NT_PRSTATUS: _general_registers,
    _NT_PRFPREG: lambda target: _vector_registers(target)[:_LEGACY_AREA],
    _NT_X86_XSTATE: _vector_registers,
}


def _get_register_set(task: Task, target: Task, call: OpenCall) -> Answer:
    kind, iovec = call.arguments[2] & 0xFFFF_FFFF, call.arguments[3]
    read = _REGISTER_SETS.get(kind)
    base, room = _IOVEC.unpack(task.tracee.read(iovec, _IOVEC.size))
    if read is None or room % _WORD:
        return Answer(-errno.EINVAL)
    content = read(target)[:room]
    if not content:
        return Answer(-errno.EIO)
    return Answer(0, ((base, content), (iovec, _IOVEC.pack(base, len(content)))))


_LOOKS: dict[int, Callable[[Task, Task, OpenCall], Answer]] = {
    _PEEKTEXT: _peek,
    _PEEKDATA: _peek,
    _PEEKUSER: _peek_user,
    _GETREGS: _get_registers,
    _GETFPREGS: _get_legacy_registers,
    _GETREGSET: _get_register_set,
}
"""The requests that need a stopped task and change nothing of it."""
_CONTROLS: dict[int, Callable[[Attachments, Task, _Attachment, OpenCall], Answer]] = {
    ptrace.INTERRUPT: Attachments.interrupt,
    _DETACH: Attachments.detach,
}
_KNOWN = _BEGINNINGS.keys() | _LOOKS.keys() | _CONTROLS.keys()
