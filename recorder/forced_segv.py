"""What the traps of rdtsc and cpuid do to a program that blocks or ignores SIGSEGV, and how that is undone.

The kernel forces the signal: when it is blocked or ignored, it is unblocked and its default action put in place
(force_sig_info_to_task, kernel/signal.c).  At the trap's stop that has happened already, and nothing shows what was
before.  So it is followed: the mask's bit is looked at where a task's mask changes, and the disposition is learnt from
rt_sigaction and execve.
"""

from __future__ import annotations

import signal
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from redrive.recorder.errors import RecordError
from redrive.recorder.injected_calls import call_in_tracee
from redrive.tracee._native import ffi
from redrive.tracee.errors import TraceeGone
from redrive.tracee.seccomp_filter import AGENT_ADDRESS, AGENT_LENGTH

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import OpenCall, Task

RT_SIGPROCMASK = 14
_RT_SIGACTION, _GETPID, _GETTID, _RT_TGSIGQUEUEINFO = 13, 39, 186, 297
_BIT = 1 << signal.SIGSEGV - 1
_SIG_BLOCK, _SET_SIZE = 0, 8
_SIG_DFL, _SIG_IGN = 0, 1
_SA_RESETHAND = 0x8000_0000
_ACTION = struct.Struct("<QQQQ")
"""Handler, flags, restorer and mask: struct kernel_sigaction of x86-64."""
_SCRATCH = AGENT_ADDRESS + AGENT_LENGTH - 4096
"""The tracee's kernel reads arguments here; nothing of the program's is there."""
_SI_KERNEL = 0x80


@dataclass(slots=True)
class SegvAction:
    """A program's action for SIGSEGV, in the layout of rt_sigaction(2); shared as CLONE_SIGHAND says."""

    action: bytes = bytes(_ACTION.size)

    @property
    def handler(self) -> int:
        """The address, SIG_DFL or SIG_IGN."""
        value: int = _ACTION.unpack(self.action)[0]
        return value

    def after_execve(self) -> SegvAction:
        """Handlers are gone then; what was ignored stays so (execve(2))."""
        return SegvAction(_ACTION.pack(_SIG_IGN if self.handler == _SIG_IGN else _SIG_DFL, 0, 0, 0))


@dataclass(slots=True)
class SegvState:
    """A task's: whether it blocks SIGSEGV, and what it wants done about it."""

    blocked: bool = False
    shared: SegvAction = field(default_factory=SegvAction)

    def of_child(self, *, shares_actions: bool) -> SegvState:
        """What a new task begins with."""
        return SegvState(self.blocked, self.shared if shares_actions else SegvAction(self.shared.action))


def program_started(task: Task, *, first: bool) -> None:
    """After execve.  What the first program of a recording inherits, its /proc/PID/status says (proc(5))."""
    task.segv.shared = task.segv.shared.after_execve()
    if first and _status_mask(task.tid, "SigIgn:") & _BIT:
        task.segv.shared.action = _ACTION.pack(_SIG_IGN, 0, 0, 0)


def mask_changed(recording: Recording, task: Task) -> None:
    """Directly behind what has changed a task's mask: rt_sigprocmask, rt_sigreturn, the entry into a handler."""
    by_ptrace = recording.kernel.signal_mask
    mask = task.tracee.get_signal_mask() if by_ptrace else _status_mask(task.tid, "SigBlk:")
    task.segv.blocked = bool(mask & _BIT)


def handler_entered(recording: Recording, task: Task, number: int) -> None:
    """The kernel has built a frame for this signal."""
    mask_changed(recording, task)
    handler, flags, restorer, mask = _ACTION.unpack(task.segv.shared.action)
    if number == signal.SIGSEGV and flags & _SA_RESETHAND:
        task.segv.shared.action = _ACTION.pack(_SIG_DFL, flags, restorer, mask)


def after_sigprocmask(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """A successful rt_sigprocmask."""
    mask_changed(recording, task)


def after_sigaction(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """A successful rt_sigaction."""
    action = dict(call.inputs).get(1, b"")
    if call.arguments[0] & 0xFFFF_FFFF == signal.SIGSEGV and len(action) == _ACTION.size:
        task.segv.shared.action = action


def is_forced(task: Task) -> bool:
    """Whether a SIGSEGV that is delivered now must be a fault's, whatever its siginfo says, as the task blocks it.

    One that was pending takes the place of the forced one, whose siginfo is lost (legacy_queue, kernel/signal.c).
    """
    return task.segv.blocked


def undo(recording: Recording, task: Task) -> None:
    """At the stop of a trap, once it has been answered: mask and disposition as the program had them.

    A SIGSEGV that was pending for this task, and was delivered in the trap's place, is made pending again.
    """
    blocked, ignored = task.segv.blocked, task.segv.shared.handler == _SIG_IGN
    if not blocked and not ignored:
        return
    siginfo = bytes(ffi.buffer(task.tracee.stop.siginfo))
    try:
        if task.segv.shared.handler != _SIG_DFL:
            _call(recording, task, _RT_SIGACTION, task.segv.shared.action, signal.SIGSEGV, _SCRATCH, 0, _SET_SIZE)
        if blocked:
            _block(recording, task)
            if struct.unpack_from("<i", siginfo, 8)[0] != _SI_KERNEL:
                _queue(recording, task, siginfo)
    except TraceeGone as error:
        if not task.process.filtered:
            raise
        raise RecordError(
            f"task {task.tid} runs rdtsc or cpuid while it blocks or ignores SIGSEGV, and a seccomp filter of its own "
            "kept Redrive from undoing what the kernel does to that: it cannot be recorded"
        ) from error


def _call(recording: Recording, task: Task, number: int, scratch: bytes, *arguments: int) -> int:
    task.tracee.write(_SCRATCH, scratch)
    return call_in_tracee(recording, task, AGENT_ADDRESS, number, *arguments)


def _block(recording: Recording, task: Task) -> None:
    if recording.kernel.signal_mask:
        task.tracee.set_signal_mask(task.tracee.get_signal_mask() | _BIT)
    else:
        _call(recording, task, RT_SIGPROCMASK, struct.pack("<Q", _BIT), _SIG_BLOCK, _SCRATCH, 0, _SET_SIZE)


def _queue(recording: Recording, task: Task, siginfo: bytes) -> None:
    # By the task itself: nobody else may give a siginfo that says who sent it (rt_sigqueueinfo(2)).
    process, thread = (_call(recording, task, number, b"") for number in (_GETPID, _GETTID))
    _call(recording, task, _RT_TGSIGQUEUEINFO, siginfo, process, thread, signal.SIGSEGV, _SCRATCH)


def _status_mask(tid: int, name: str) -> int:
    lines = Path(f"/proc/{tid}/status").read_text(errors="replace").splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith(name))
