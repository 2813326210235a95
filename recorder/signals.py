"""Signals: what the kernel is about to do with one, and what it did.

A signal that meets a task at the edge of a syscall, or that the task's own instruction raised, is delivered at once:
replay can find that point.  One that meets running code waits for the task's next syscall, and if none comes soon, for
a landmark.
"""

from __future__ import annotations

import os
import signal
import struct
from functools import partial
from typing import TYPE_CHECKING

from redrive.formats.events import Signal, SignalAction, SignalPoint, Stopped, Trap, TrapCause
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.recorder import calls, deferred_signals, forced_signals, instruction_traps
from redrive.recorder.deferred_signals import FIRST_REAL_TIME, SI_TIMER, STOP_SIGNALS, take_first_siginfo
from redrive.recorder.errors import RecordError
from redrive.recorder.task import Answer, State, Task
from redrive.tracee import ptrace, xstate
from redrive.tracee import registers as regs
from redrive.tracee._native import ffi
from redrive.tracee.eras import Request
from redrive.tracee.own_faults import FAULT_SIGNALS, code_of
from redrive.tracee.signal_status import has_signal, read_signal_status

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_TRAP_STOP = encode_stop(Stop(StopKind.SIGNAL, StopRegisters.FIRST, signal.SIGSEGV))
_IGNORED_BY_DEFAULT = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH})
_ENDS_PROGRAM = frozenset({"execve", "execveat", "rt_sigreturn"})
_IN_A_ROW_AT_MOST = 1000
"""So many signals put aside in one place say that the task gets nowhere, where they cannot be held back."""
_SI_KERNEL, _SYS_SECCOMP = 0x80, 1
_SI_SYSCALL = 24
"""Where siginfo has the number: asm-generic/siginfo.h."""
# struct rt_sigframe of arch/x86/include/asm/sigframe.h: pretcode, then ucontext, then siginfo.
_FRAME_SIZE = 8 + 304 + 128
_FRAME_FPSTATE = 8 + 40 + 23 * 8
# struct _fpx_sw_bytes at the end of the legacy area (arch/x86/include/uapi/asm/sigcontext.h).
_SOFTWARE_RESERVED = 464
_FP_XSTATE_MAGIC1 = 0x4650_5853
_LEGACY_FPSTATE = 512


def _disposition(task: Task, number: int) -> SignalAction:
    """What the program has asked for."""
    if number in (signal.SIGKILL, signal.SIGSTOP):
        return SignalAction.STOP if number == signal.SIGSTOP else SignalAction.FATAL
    status = read_signal_status(task.tid)
    if has_signal(status.ignored, number):
        return SignalAction.IGNORED
    if has_signal(status.caught, number):
        return SignalAction.HANDLER
    if number in _IGNORED_BY_DEFAULT:
        return SignalAction.IGNORED
    return SignalAction.STOP if number in STOP_SIGNALS else SignalAction.FATAL


def delivery_stop(recording: Recording, task: Task) -> None:
    """A signal-delivery-stop."""
    number = os.WSTOPSIG(task.tracee.stop.status)
    siginfo = bytes(ffi.buffer(task.tracee.stop.siginfo))
    code = code_of(siginfo)
    recording.saw_signal(number, siginfo)
    is_continued, task.is_continued = task.is_continued, False
    # A blocked one comes only when it is forced, perhaps with a pending one's siginfo (legacy_queue, kernel/signal.c).
    is_forced = code == _SI_KERNEL or task.wishes.blocks(signal.SIGSEGV)
    if number == signal.SIGSEGV and is_forced and instruction_trap(recording, task):
        return
    if number == signal.SIGSYS and code == _SYS_SECCOMP:
        _end_trapped_call(recording, task, siginfo)
    siginfo = original_siginfo(task, number, siginfo)
    action = _disposition(task, number)
    if number == signal.SIGCONT:
        _continue_others(recording, task)
    if action is SignalAction.STOP and _is_overtaken(task, is_continued=is_continued):
        _pass_over(recording, task, number)
    elif number in FAULT_SIGNALS and code > 0 and not _is_forced_by_kernel(task, number, code):
        _deliver(recording, task, number, siginfo, SignalPoint.FAULT, action)
    elif is_due(task, number, siginfo):
        _deliver(recording, task, number, siginfo, SignalPoint.BOUNDARY, action)
    elif not defer_in_running_code(recording, task, siginfo):
        _meet_running_code(recording, task, number)
    elif task.repeated.has_enough(task.registers):
        yet_to_come = task.repeated.yet_to_come(task.tid, task.registers, dict(task.deferred))
        task.repeated.quieten(task.tracee, partial(deferred_signals.put_aside, recording, task), but=yet_to_come)


def _is_overtaken(task: Task, *, is_continued: bool) -> bool:
    """Whether a SIGCONT has come since a stop signal was taken out of the queue, from where it would have swept it.

    Natively there is no time for that; here others may have had their turns since.
    """
    return is_continued or has_signal(read_signal_status(task.tid).pending, signal.SIGCONT)


def _continue_others(recording: Recording, task: Task) -> None:
    """A SIGCONT has met the task: what is to stop other threads of its process may be older."""
    for other in recording.tasks.values():
        status = int(other.tracee.stop.status)
        if other.process is task.process and other.state is State.STOPPED and os.WIFSTOPPED(status):
            other.is_continued |= status >> 16 == 0 and os.WSTOPSIG(status) in STOP_SIGNALS


def _pass_over(recording: Recording, task: Task, number: int) -> None:
    """Go on without the signal of this stop."""
    task.midway = not is_at_event(task, number)
    _write_stop(recording, task, number)


def same_registers(registers: bytes, latest: bytes) -> bool:
    """Whether all registers are the same.

    orig_rax is no register of the CPU: an interrupt right behind a syscall puts -1 there.
    """
    return regs.replace(registers, orig_rax=-1) == regs.replace(latest, orig_rax=-1)


def is_at_event(task: Task, number: int) -> bool:
    """Whether a signal has met the task before any instruction has run since its latest event.

    Where that was in a loop that has come round since, only a signal that was pending already is sure to have done so.
    """
    if not same_registers(task.tracee.registers, task.registers):
        return False
    return not task.may_come_back or number in task.pending


def is_due(task: Task, number: int, siginfo: bytes) -> bool:
    """Whether a signal is to be delivered where it has met the task: at its latest event, and not again and again."""
    return is_at_event(task, number) and not _comes_too_often(task, number, code_of(siginfo))


def _comes_too_often(task: Task, number: int, code: int) -> bool:
    """Whether a signal meets the task where it has had this one again and again: it would never get any further.

    Each is a new one, and not one of several that the kernel had pending: neither standard signals nor those of one
    timer queue (signal(7), timer_create(2)).
    """
    if number >= FIRST_REAL_TIME and code != SI_TIMER:
        return False
    if not task.repeated.comes_too_often(number, task.registers):
        return False
    # It runs on from here without an event, and may come back.
    task.may_come_back = True
    return True


def pending_signals(task: Task) -> frozenset[int]:
    """The signals that are pending for the task or its process."""
    pending = read_signal_status(task.tid).pending
    return frozenset(number for number in range(1, 65) if has_signal(pending, number))


def _is_forced_by_kernel(task: Task, number: int, code: int) -> bool:
    """Whether no instruction of the program raised this, but the kernel: for a signal frame that could not be written
    or, in rt_sigreturn, read; or for an execve that failed when the program's memory was gone already.
    """
    failed, task.frame_failed = task.frame_failed, False
    if number != signal.SIGSEGV or code != _SI_KERNEL:
        return False
    return failed or _call_has_failed(task)


def _call_has_failed(task: Task) -> bool:
    """Whether the task is right behind a call that ended its program.

    A sigreturn that succeeds goes elsewhere; and an execve that fails in good time raises nothing.
    """
    call = task.latest_call
    if call is None or call.syscall is None or call.syscall.name not in _ENDS_PROGRAM:
        return False
    behind = regs.get(call.entry, "rip") == regs.get(task.tracee.registers, "rip")
    return behind and same_registers(task.tracee.registers, task.registers)


def instruction_trap(recording: Recording, task: Task) -> bool:
    """rdtsc, rdtscp, cpuid: give the result and go on behind it.  False when the SIGSEGV is not of one of these."""
    before = task.tracee.registers
    cause = instruction_traps.find_cause(task)
    if cause is None or (cause is not TrapCause.CPUID and task.process.tsc != 1):
        return False
    after = instruction_traps.execute(cause, before, recording.cpu, recording.shown_cpu)
    task.tracee.set_registers(after)
    forced_signals.undo(recording, task, signal.SIGSEGV)
    write_trap(recording, task, cause, before, after)
    return True


def write_trap(recording: Recording, task: Task, cause: TrapCause, before: bytes, after: bytes) -> None:
    """Write that an instruction has faulted with some registers, and was given others to go on with."""
    task.stops.append(_TRAP_STOP)
    recording.write(Trap(task.tid, cause, before, after, (), task.take_stops()))
    task.registers = after


def vsyscall(recording: Recording, task: Task) -> None:
    """A seccomp stop with rip in the vsyscall page: answered here, as it has no exit stop to see the result at.

    The kernel skips the call and performs the return itself (Documentation/userspace-api/seccomp_filter.rst).
    """
    before = task.tracee.registers
    result, writes = instruction_traps.answer_vsyscall(before, recording.cpu)
    # Where there is no memory for it, the kernel itself would send SIGSEGV (emulate_vsyscall).
    given = calls.give(task, Answer(result, tuple(writes)))
    task.tracee.set_registers(regs.replace(before, rax=given.result, orig_rax=-1))
    stack = regs.get(before, "rsp")
    after = regs.replace(before, rax=given.result, orig_rax=-1, rip=task.tracee.read_word(stack), rsp=stack + 8)
    recording.keep_stop(task, StopKind.SECCOMP, StopRegisters.FIRST, int(task.tracee.stop.message))
    recording.write(Trap(task.tid, TrapCause.VSYSCALL, before, after, given.writes, task.take_stops()))
    task.registers = after


def _end_trapped_call(recording: Recording, task: Task, siginfo: bytes) -> None:
    """RET_TRAP: the syscall of this SIGSYS has ended, and where nobody asked for syscall-stops, it has shown none."""
    if task.call is None:
        if same_registers(task.tracee.registers, task.registers):
            return
        calls.begin_answered(recording, task, struct.unpack_from("<i", siginfo, _SI_SYSCALL)[0])
    calls.finish(recording, task)


def original_siginfo(task: Task, number: int, siginfo: bytes) -> bytes:
    """The siginfo a deferred signal first came with, put back where it has been sent again."""
    original = take_first_siginfo(task, number, siginfo)
    if original is not siginfo:
        task.tracee.set_siginfo(original)
    return original


def defer_in_running_code(recording: Recording, task: Task, siginfo: bytes) -> bool:
    """Put the signal of a delivery stop in running code aside until the task is at a point that replay can find.

    False for one that the task's own instruction has raised, and for one that may act anywhere: where no handler runs,
    and nobody else sees how far the task has come.
    """
    number = os.WSTOPSIG(task.tracee.stop.status)
    if number in FAULT_SIGNALS and code_of(siginfo) > 0:
        return False
    action = _disposition(task, number)
    if action is not SignalAction.HANDLER and (action is SignalAction.IGNORED or task.is_private):
        return False
    if task.repeated.put_aside(task.tracee.registers) > _IN_A_ROW_AT_MOST and not recording.kernel.signal_mask:
        raise RecordError(
            f"task {task.tid} gets signal {number} faster than it can be recorded, and only a kernel from"
            " Linux 3.11 on (PTRACE_SETSIGMASK) can hold signals back"
        )
    deferred_signals.defer(recording, task, number, task.tracee.registers, siginfo)
    task.midway = True
    return True


def _meet_running_code(recording: Recording, task: Task, number: int) -> None:
    _write_stop(recording, task, number)
    # It changes no register: death, a stop or nothing need no exact place.
    task.signal = number
    task.midway = True


def _write_stop(recording: Recording, task: Task, number: int) -> None:
    recording.keep_stop(task, StopKind.SIGNAL, StopRegisters.OWN, number)
    recording.write(Stopped(task.tid, task.take_stops()))


def _deliver(
    recording: Recording, task: Task, number: int, siginfo: bytes, point: SignalPoint, action: SignalAction
) -> None:
    registers = task.tracee.registers
    recording.keep_stop(task, StopKind.SIGNAL, StopRegisters.FIRST, number)
    if action is SignalAction.HANDLER and _enter_handler(recording, task, number, siginfo, point, registers):
        return
    if action is not SignalAction.HANDLER:
        task.signal = number
    event = Signal(task.tid, number, siginfo, point, action, registers, b"", b"", (), task.take_stops())
    if action is SignalAction.HANDLER:
        # The kernel could not write the frame, or something ended the task: what came instead is handled next.
        task.frame_failed = True
        event = event._replace(action=SignalAction.IGNORED)
    recording.write(event)
    task.registers = registers


def _enter_handler(
    recording: Recording, task: Task, number: int, siginfo: bytes, point: SignalPoint, registers: bytes
) -> bool:
    """Let the kernel build the frame: a single step with the signal stops before the handler's first instruction."""
    tracee = task.tracee
    task.tracker.resumed(Request.SINGLESTEP, -1, 0)
    tracee.step(ptrace.SINGLESTEP, number)
    status = int(tracee.stop.status)
    stepped = os.WIFSTOPPED(status) and status >> 8 == signal.SIGTRAP
    if not stepped or same_registers(tracee.registers, registers):
        task.state = State.STOPPED
        recording.scheduler.add(task)
        return False
    task.interrupted = None
    forced_signals.handler_entered(recording, task, number)
    handler = tracee.registers
    task.repeated.entered(number, registers, task.registers, handler)
    recording.keep_stop(task, StopKind.STEPPED, StopRegisters.SECOND, 0)
    frame = _frame(task, regs.get(handler, "rsp"))
    vectors = _settled_xstate(task)
    event = Signal(
        task.tid, number, siginfo, point, SignalAction.HANDLER, registers, handler, vectors, frame, task.take_stops()
    )
    recording.write(event)
    task.registers = handler
    task.may_come_back = True
    return True


def _settled_xstate(task: Task) -> bytes:
    """The vector registers that a handler begins with: the kernel gives it initial ones, for XINUSE to say."""
    shown = task.tracee.get_xstate()
    settled = xstate.with_sse_in_use(shown)
    if settled is not shown:
        task.tracee.set_xstate(settled)
    return settled


def _frame(task: Task, start: int) -> tuple[tuple[int, bytes], ...]:
    """The bytes the kernel pushed: from the new rsp to the end of the floating point state above."""
    end = start + _FRAME_SIZE
    fpstate = task.tracee.read_word(start + _FRAME_FPSTATE)
    if fpstate:
        magic, size = struct.unpack("<II", task.tracee.read(fpstate + _SOFTWARE_RESERVED, 8))
        end = fpstate + (size if magic == _FP_XSTATE_MAGIC1 else _LEGACY_FPSTATE)
    return ((start, task.tracee.read_available(start, end - start)),)
