"""The short way through a syscall that needs nothing done before it runs: all its stops in one native call."""

from __future__ import annotations

import errno
import signal
import struct
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from redrive.formats.events import Syscall, TrapCause, VectorState
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.recorder import calls, forced_signals, ignored_signals, waiting
from redrive.recorder.echo import COPY_CALLS
from redrive.recorder.permission import CHANGES_IDENTITY
from redrive.recorder.settling import LOOKED_AT
from redrive.recorder.signals import instruction_trap, write_trap
from redrive.recorder.task import OpenCall, State, Task
from redrive.tracee import cpu, ptrace, syscalls
from redrive.tracee import registers as regs
from redrive.tracee._native import ffi, lib
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.eras import Drive, DrivenCall, Meaning, Request, SyscallStop, stops_of_call
from redrive.tracee.seccomp_filter import TRACE_DATA
from redrive.tracee.syscalls import Syscall as Row
from redrive.tracee.syscalls import Treatment
from redrive.tracee.tracee import check

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_STRAIGHT = lib.REDRIVE_STRAIGHT
_NAMES_ADDRESS = lib.REDRIVE_NAMES_ADDRESS
_MAPS_SHARED = lib.REDRIVE_MAPS_SHARED
_MAY_SLEEP = lib.REDRIVE_MAY_SLEEP
_NAMES_SIGNAL = lib.REDRIVE_NAMES_SIGNAL
_AT_FIRST_STOP = lib.REDRIVE_AT_FIRST_STOP
_INTERRUPTED = lib.REDRIVE_INTERRUPTED
_ASLEEP = lib.REDRIVE_ASLEEP
_RETURNED = lib.REDRIVE_RETURNED
_RESULT_ONLY = lib.REDRIVE_RESULT_ONLY
_PAST_ENTRY = lib.REDRIVE_PAST_ENTRY
_ENDS = frozenset({_RETURNED, _RESULT_ONLY})
_OPENS = {"open": lib.REDRIVE_OPENS_BY_SECOND, "openat": lib.REDRIVE_OPENS_BY_THIRD}
_ADDRESS_CALLS = frozenset({"mmap", "munmap", "mprotect", "brk"})
_FOLLOWED = frozenset({"rt_sigaction", "rt_sigprocmask"})
"""What concerns more than result and outputs, but is done by the native step or here."""
_CHOICES = {
    number: multiplexer.choose
    for number, multiplexer in syscalls.MULTIPLEXED.items()
    if isinstance(multiplexer.choose, syscalls.Choice)
}
"""The multiplexers, by number, whose command is in one argument: the native step can look at that."""
_WITHOUT_ENTRY = (Meaning.SECCOMP, Meaning.EXIT)
_WITH_ENTRY = (Meaning.SECCOMP, Meaning.ENTRY, Meaning.EXIT)
_SECCOMP_STOP = encode_stop(Stop(StopKind.SECCOMP, StopRegisters.FIRST, TRACE_DATA))
_ENTRY_STOP = encode_stop(Stop(StopKind.SYSCALL_ENTRY, StopRegisters.FIRST, 0))
_EXIT_STOP = encode_stop(Stop(StopKind.SYSCALL_EXIT, StopRegisters.SECOND, 0))
_INTERRUPTED_CALL = frozenset({-errno.EINTR, *calls.RESTARTS})
VECTOR_STATE_EVERY = 128
"""Straight calls between two looks at the vector registers: a look costs about a tenth of a stop."""
_SEGV_STOP = ptrace.stop_status(signal.SIGSEGV)
_SI_KERNEL = 0x80
_SIGNED_WORD = struct.Struct("<q")
_RAX = regs.OFFSETS["rax"]


def _extents(row: Row, arguments: tuple[int, ...], result: int, task: Task) -> list[tuple[int, int]]:
    """What a call wrote, by the row's shortcut where it has one."""
    if row.plain_outputs is None or result < 0:
        return row.outputs(arguments, result, task.tracee)
    return [
        (arguments[index], result if length < 0 else length)
        for index, length in row.plain_outputs
        if arguments[index] and (length > 0 or result)
    ]


def _way(row: Row | None) -> int:
    """How redrive_step_syscall takes a syscall; 0 for stop by stop."""
    # A copy to stdout is looked at before it runs, and the kernel does not run what the recorder answers.
    # One that changes whom the task is may have to be followed by a call in the task, before its event.
    # And one that reaches into other tasks may find them at a point that replay cannot find.
    if row is None or row.name in COPY_CALLS or row.name in CHANGES_IDENTITY or row.name in LOOKED_AT:
        return 0
    if row.name in _ADDRESS_CALLS:
        return _STRAIGHT | _NAMES_ADDRESS | (_MAPS_SHARED if row.name == "mmap" else 0)
    if row.treatment is not Treatment.PLAIN:
        return 0
    if row.name == "rt_sigaction":
        # The action may lie where the kernel then writes the old one, so it is read before; few signals' matter.
        return _STRAIGHT | _NAMES_SIGNAL
    return _STRAIGHT | (_MAY_SLEEP if row.may_block else 0) | _OPENS.get(row.name, 0)


def _has_aftermath(row: Row | None) -> bool:
    """Whether a successful call concerns more than its registers and outputs."""
    return row is not None and row.name not in _FOLLOWED and calls.has_aftermath(row.name)


class StraightCalls:
    """Steps a task over whole syscalls, where each shows a seccomp stop first."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._exit = ffi.new("struct redrive_stop *")
        self._exit_registers = ffi.buffer(ffi.addressof(self._exit, "registers"))
        self.filter_installed = True
        """Whether our filter is in place, so that CONT reaches every syscall."""
        shown = stops_of_call(recording.kernel.regime, Drive.CONT_THEN_SYSCALL, DrivenCall.TRACED)
        self._count = 0
        assert shown in (_WITH_ENTRY, _WITHOUT_ENTRY)
        shows_entry = shown == _WITH_ENTRY
        agent_end = AGENT_ADDRESS + AGENT_LENGTH
        self._ways = ffi.new("struct redrive_ways *", (TRACE_DATA, AGENT_ADDRESS, agent_end, shows_entry))
        self._rows = [syscalls.SINGLE.get(number) for number in range(len(self._ways.by_number))]
        self._commands: dict[tuple[int, int], Row] = {}
        """By number, and the bits that choose the command: those of multiplexers, which have no row in the others."""
        self._numbers = {row.name: number for number, row in enumerate(self._rows) if row is not None}
        self._ways.by_number = list(map(_way, self._rows))
        # A command that is taken straight is plain, and has no aftermath: see meet.
        self._plain = [row is None or row.treatment is Treatment.PLAIN for row in self._rows]
        self._has_aftermath = list(map(_has_aftermath, self._rows))
        self._cpuid = ffi.new("struct redrive_cpuid_answers *")
        self._stops = _SECCOMP_STOP + (_ENTRY_STOP if shows_entry else b"") + _EXIT_STOP

    def leave_out(self, names: Collection[str]) -> None:
        """Take these calls the long way from now on."""
        for name in names:
            if name in self._numbers:
                self._ways.by_number[self._numbers[name]] = 0

    def meet(self, arguments: tuple[int, ...], row: Row) -> None:
        """A multiplexer's command has come the long way: take it the short one from now on, where that will do."""
        choice = _CHOICES.get(row.number)
        if choice is None or self._ways.commands == len(self._ways.by_command):
            return
        key = row.number, arguments[choice.index] & choice.mask
        if key in self._commands:
            return
        # Those that concern more than their result and outputs are few, and rare.
        way = 0 if calls.has_aftermath(row.command) or calls.has_aftermath(row.name) else _way(row)
        # What `otherwise` finds may hang on more than the command.
        if way and choice(arguments) in syscalls.MULTIPLEXED[row.number].rows:
            self._commands[key] = row
            self._ways.by_command[self._ways.commands] = (row.number, choice.index, way, choice.mask, key[1])
            self._ways.commands += 1

    def _command(self, number: int, arguments: tuple[int, ...]) -> Row:
        choice = _CHOICES[number]
        return self._commands[number, arguments[choice.index] & choice.mask]

    def step(self, task: Task) -> bool:
        """Resume a task in user code, over whole syscalls, until its turn may be over or something else comes.

        False when this task must be driven stop by stop; nothing has been done then.
        """
        if not self.filter_installed or task.process.filtered or task.deferred or task.interrupted:
            return False
        stop = task.tracee.stop
        scheduler = self._recording.scheduler
        watch_sleep = len(self._recording.tasks) > 1
        cpuid = self._cpuid_answers(task)
        while True:
            course = lib.redrive_step_syscall(task.tid, self._ways, watch_sleep, cpuid, stop, self._exit)
            if self._cpuid.given:
                self._write_answered(task)
            goes_on = self._returned(task, course) if course in _ENDS else self._stopped(task, course)
            # From a point where it may come back, what is pending is looked at before it goes on.
            if not goes_on or task.may_come_back or scheduler.turn_may_be_over():
                return True
            task.let_go()

    def _cpuid_answers(self, task: Task) -> Any:
        """What cpuid is answered with on the way to the next stop; NULL where each one needs more than that."""
        if task.may_come_back or task.wishes.blocks(signal.SIGSEGV) or task.wishes.ignores(signal.SIGSEGV):
            return ffi.NULL
        self._cpuid.sites, self._cpuid.site_count = task.space.planted.native, len(task.space.planted)
        answers = self._recording.shown_cpu.answers
        if self._cpuid.known < min(len(answers), len(self._cpuid.leaves)):
            leaves = [
                (*question, question[0] not in cpu.LEAVES_WITH_SUBLEAVES, *answer[2:])
                for question, answer in answers.items()
            ]
            self._cpuid.known = min(len(leaves), len(self._cpuid.leaves))
            self._cpuid.leaves = leaves[: self._cpuid.known]
        return self._cpuid

    def _write_answered(self, task: Task) -> None:
        """Write what cpuid has told the task before it stopped."""
        for answer in self._cpuid.kept[0 : self._cpuid.given]:
            before, after = (bytes(ffi.buffer(ffi.addressof(answer, name))) for name in ("before", "after"))
            write_trap(self._recording, task, TrapCause.CPUID, before, after)
        self._cpuid.given = 0

    def _stopped(self, task: Task, course: int) -> bool:
        """Something else has come than a call's return; False when it is not yet over."""
        stop = task.tracee.stop
        if course == _AT_FIRST_STOP:
            if stop.status == _SEGV_STOP and stop.siginfo[8] == _SI_KERNEL and instruction_trap(self._recording, task):
                # Before Linux 3.11, giving its mask back may have met a signal that waited: it is sent again first.
                return not task.deferred
            task.tracker.resumed(Request.CONT, -1, 0)
            task.state = State.STOPPED
        elif course == -errno.EINTR:
            task.tracker.resumed(Request.CONT, -1, 0)
            waiting.await_stop(self._recording, task, interrupted=True)
        elif course > 0:
            self._broken_call(task, course)
        else:
            check(course, "resuming", task.tid)
        return False

    def _returned(self, task: Task, course: int) -> bool:
        """Write a call that has come to its end; False when more than its result and outputs is to be looked at."""
        entry = bytes(task.tracee.raw_registers)
        leave = bytes(self._exit_registers)
        number, arguments = calls.number_and_arguments(entry)
        row = self._rows[number] or self._command(number, arguments)
        (result,) = _SIGNED_WORD.unpack_from(leave, _RAX)
        inputs = row.inputs(arguments, task.tracee)
        concerns_more = self._has_aftermath[number] if result >= 0 else result in _INTERRUPTED_CALL
        is_seen = self._recording.outside_memory.wants_to_see()
        if concerns_more or is_seen or course != _RESULT_ONLY or not self._plain[number]:
            task.stops.append(self._stops)
            call = OpenCall(number, arguments, row, entry, inputs)
            leave = ignored_signals.as_untraced(task, call, leave)
            calls.complete(self._recording, task, call, leave, regs.get_signed(leave, "rax"))
            return False
        writes: tuple[tuple[int, bytes], ...] = ()
        if row.plain_outputs != ():
            extents = _extents(row, arguments, result, task)
            writes = tuple(task.tracee.gather(extents)) if extents else ()
        self._recording.write(Syscall(task.tid, number, entry, result, writes, (), inputs, self._stops))
        task.registers = leave
        task.may_come_back = False
        self._count += 1
        if self._count % VECTOR_STATE_EVERY == 0:
            self._recording.write(VectorState(task.tid, task.tracee.get_xstate()))
        if number == forced_signals.RT_SIGPROCMASK and arguments[1]:
            forced_signals.mask_changed(self._recording, task)
            # How cpuid is answered depends on the mask.
            return False
        return True

    def _broken_call(self, task: Task, course: int) -> None:
        """A stop of the call was not the one that was to come, or has not come: go on stop by stop."""
        task.tracker.resumed(Request.CONT, -1, 0)
        number, rax = (regs.get_signed(task.tracee.registers, name) for name in ("orig_rax", "rax"))
        task.tracker.stopped(SyscallStop.SECCOMP, number, rax)
        task.stops.append(_SECCOMP_STOP)
        calls.begin(self._recording, task)
        calls.prepare(self._recording, task)
        task.tracker.resumed(Request.SYSCALL, number, rax)
        if course & _PAST_ENTRY:
            task.tracker.stopped(SyscallStop.SYSCALL, number, rax)
            task.stops.append(_ENTRY_STOP)
            task.tracker.resumed(Request.SYSCALL, number, rax)
        if course & ~_PAST_ENTRY == _INTERRUPTED:
            waiting.await_stop(self._recording, task)
            return
        if course & ~_PAST_ENTRY == _ASLEEP:
            waiting.leave_asleep(self._recording, task)
            return
        task.tracee.take_stop(self._exit)
        task.state = State.STOPPED
