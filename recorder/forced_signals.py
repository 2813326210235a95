"""What our traps and steps do to a program that blocks or ignores SIGSEGV or SIGTRAP, and how that is undone.

rdtsc and cpuid raise SIGSEGV in a tracee, and each single step raises SIGTRAP.  The kernel forces these signals: one
that is blocked or ignored is unblocked and gets its default action back (force_sig_info_to_task, kernel/signal.c).
At the stop that has happened already, and nothing shows what was before.  So it is followed: the mask is looked at
where a task's mask changes, and the actions are learnt from rt_sigaction and execve.
"""

from __future__ import annotations

import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from redrive.recorder.deferred_signals import put_aside
from redrive.recorder.errors import RecordError
from redrive.recorder.injected_calls import SCRATCH, call_in_tracee, call_with_scratch
from redrive.tracee._native import ffi
from redrive.tracee.agent_pages import AGENT_ADDRESS
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.own_faults import code_of
from redrive.tracee.signal_mask import ALL_BUT_FAULTS, signals_put_aside
from redrive.tracee.signal_status import has_signal, read_signal_status

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording
    from redrive.recorder.task import OpenCall, Task

RT_SIGPROCMASK = 14
_RT_SIGACTION, _GETPID, _GETTID, _RT_TGSIGQUEUEINFO = 13, 39, 186, 297
_SIG_BLOCK, _SET_SIZE = 0, 8
_SIG_DFL, _SIG_IGN = 0, 1
_SA_RESETHAND = 0x8000_0000
_ACTION = struct.Struct("<QQQQ")
"""Handler, flags, restorer and mask: struct kernel_sigaction of x86-64."""
_DEFAULT, _IGNORED = (_ACTION.pack(handler, 0, 0, 0) for handler in (_SIG_DFL, _SIG_IGN))


@dataclass(slots=True)
class Actions:
    """A program's actions for the two signals, as rt_sigaction(2) takes them; shared as CLONE_SIGHAND says."""

    of: dict[int, bytes] = field(default_factory=lambda: {signal.SIGSEGV: _DEFAULT, signal.SIGTRAP: _DEFAULT})

    def handler(self, number: int) -> int:
        """The address, SIG_DFL or SIG_IGN."""
        value: int = _ACTION.unpack(self.of[number])[0]
        return value

    def after_execve(self) -> Actions:
        """Handlers are gone then; what was ignored stays so (execve(2))."""
        return Actions({number: _IGNORED if self.handler(number) == _SIG_IGN else _DEFAULT for number in self.of})


@dataclass(slots=True)
class Wishes:
    """What a task wants to become of these signals."""

    mask: int = 0
    """Its blocked signals, bit n - 1 for signal n."""
    actions: Actions = field(default_factory=Actions)

    def of_child(self, *, shares_actions: bool) -> Wishes:
        """What a new task begins with."""
        return Wishes(self.mask, self.actions if shares_actions else Actions(dict(self.actions.of)))

    def blocks(self, number: int) -> bool:
        """Whether the task blocks this signal."""
        return has_signal(self.mask, number)

    def ignores(self, number: int) -> bool:
        """Whether the task's process ignores this signal."""
        return self.actions.handler(number) == _SIG_IGN


def program_started(task: Task, *, first: bool) -> None:
    """After execve.  What the first program of a recording inherits, its /proc/PID/status says (proc(5))."""
    actions = task.wishes.actions = task.wishes.actions.after_execve()
    if first:
        ignored = read_signal_status(task.tid).ignored
        actions.of.update({number: _IGNORED for number in actions.of if has_signal(ignored, number)})


def mask_changed(recording: Recording, task: Task) -> None:
    """Directly behind what has changed a task's mask: rt_sigprocmask, rt_sigreturn, the entry into a handler."""
    by_ptrace = recording.kernel.signal_mask
    task.wishes.mask = task.tracee.get_signal_mask() if by_ptrace else read_signal_status(task.tid).blocked


def handler_entered(recording: Recording, task: Task, number: int) -> None:
    """The kernel has built a frame for this signal."""
    mask_changed(recording, task)
    action = task.wishes.actions.of.get(number)
    if action is not None:
        _, flags, restorer, mask = _ACTION.unpack(action)
        if flags & _SA_RESETHAND:
            task.wishes.actions.of[number] = _ACTION.pack(_SIG_DFL, flags, restorer, mask)


def after_sigprocmask(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """A successful rt_sigprocmask."""
    mask_changed(recording, task)


def after_sigaction(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    """A successful rt_sigaction."""
    number, action = call.arguments[0] & 0xFFFF_FFFF, dict(call.inputs).get(1, b"")
    if number in task.wishes.actions.of and len(action) == _ACTION.size:
        task.wishes.actions.of[number] = action


def undo(recording: Recording, task: Task, number: int) -> None:
    """At a stop in user code that forced this signal: mask and action as the program had them.

    A signal of this number that was pending for the task, and came in the forced one's place, is made pending again.
    """
    blocked, ignored = task.wishes.blocks(number), task.wishes.ignores(number)
    if not blocked and not ignored:
        return
    siginfo = bytes(ffi.buffer(task.tracee.stop.siginfo))
    try:
        if task.wishes.actions.handler(number) != _SIG_DFL:
            action = task.wishes.actions.of[number]
            call_with_scratch(recording, task, action, _RT_SIGACTION, number, SCRATCH, 0, _SET_SIZE)
        if blocked:
            _restore_mask(recording, task)
            # The kernel raises a forced one.
            if code_of(siginfo) <= 0:
                _queue(recording, task, number, siginfo)
    except TraceeError as error:
        if not task.process.filtered:
            raise
        raise RecordError(
            f"task {task.tid} blocks or ignores {signal.Signals(number).name}, and a seccomp filter of its own kept "
            "Redrive from undoing what the kernel does to that at rdtsc, cpuid or a step: it cannot be recorded"
        ) from error


def undo_steps(recording: Recording, task: Task) -> None:
    """After the steps to a landmark."""
    if task.wishes.ignores(signal.SIGTRAP) or not recording.kernel.signal_mask:
        undo(recording, task, signal.SIGTRAP)


@contextmanager
def kept_from_steps(recording: Recording, task: Task) -> Iterator[None]:
    """Single steps, with no signal but those that instructions raise.

    A timer that comes due as fast as steps are made would let none be made.  And while SIGTRAP is not blocked, its
    action stays what it is; but a kernel before 3.11 cannot set the mask.
    """
    if not recording.kernel.signal_mask:
        with signals_put_aside(task.tracee, ALL_BUT_FAULTS, partial(put_aside, recording, task)):
            yield
        return
    task.tracee.set_signal_mask((task.wishes.mask | ALL_BUT_FAULTS) & ~(1 << signal.SIGTRAP - 1))
    yield
    with suppress(TraceeGone):
        _restore_mask(recording, task)


def _restore_mask(recording: Recording, task: Task) -> None:
    if recording.kernel.signal_mask:
        task.tracee.set_signal_mask(task.wishes.mask)
    else:
        mask = struct.pack("<Q", task.wishes.mask)
        call_with_scratch(recording, task, mask, RT_SIGPROCMASK, _SIG_BLOCK, SCRATCH, 0, _SET_SIZE)


def _queue(recording: Recording, task: Task, number: int, siginfo: bytes) -> None:
    # By the task itself: nobody else may give a siginfo that says who sent it (rt_sigqueueinfo(2)).
    process, thread = (call_in_tracee(recording, task, AGENT_ADDRESS, asks) for asks in (_GETPID, _GETTID))
    call_with_scratch(recording, task, siginfo, _RT_TGSIGQUEUEINFO, process, thread, number, SCRATCH)
