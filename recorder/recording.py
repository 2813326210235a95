"""One recording: the tree of tasks, and what is done at each of their stops."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.cache_folder import user_cache
from redrive.formats.events import Event, Note, Stopped
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.recorder import calls, families, file_changes, holding, job_control, settling, signals, waiting
from redrive.recorder.attachments import Attachments
from redrive.recorder.contents import Contents
from redrive.recorder.deferred_signals import send_again, sender_of
from redrive.recorder.disguise import Disguise
from redrive.recorder.echo import EchoFinder
from redrive.recorder.errors import RecordError
from redrive.recorder.images import ImageTable
from redrive.recorder.injected_calls import SYSCALL_STOPS
from redrive.recorder.outside_memory import OutsideMemory
from redrive.recorder.planted_traps import PlantedTraps
from redrive.recorder.program_start import program_started
from redrive.recorder.scheduler import Scheduler
from redrive.recorder.straight_calls import StraightCalls
from redrive.recorder.task import State, Task
from redrive.tracee import cpu, ptrace
from redrive.tracee import registers as regs
from redrive.tracee.eras import Began, Info, Meaning, Outcome, Request, SyscallStop
from redrive.tracee.errors import TraceeGone
from redrive.tracee.kernel import KernelFeatures
from redrive.tracee.monotonic import monotonic
from redrive.tracee.seccomp_filter import OTHER_ABI_DATA, TRACE_DATA
from redrive.tracee.vsyscall_page import VSYSCALL_PAGE

if TYPE_CHECKING:
    from redrive.recorder.short_transfers import ShortTransfers

_REMEMBERED, _REMEMBERED_FOR = 1024, 1.0
"""So many tasks that ended last are remembered, for so many seconds: signals of theirs may still be on their way."""
_CHILD_EVENTS = {
    ptrace.EVENT_FORK: StopKind.FORK,
    ptrace.EVENT_VFORK: StopKind.VFORK,
    ptrace.EVENT_CLONE: StopKind.CLONE,
}


class Recording:
    """Drives a tree of tracees from its first execve to its last exit, and writes their events."""

    def __init__(
        self,
        writer: ArchiveWriter,
        kernel: KernelFeatures,
        cpu_number: int,
        affinity: bytes,
        shown_cpu: cpu.ShownCpu,
        plants_traps: bool,
    ) -> None:
        self.writer = writer
        self.write: Callable[[Event], object] = writer.write
        """Append an event to the trace."""
        self.kernel = kernel
        self.cpu = cpu_number
        self.affinity = affinity
        """The affinity mask the program would have had."""
        self.shown_cpu = shown_cpu
        self.tasks: dict[int, Task] = {}
        self.images = ImageTable(writer)
        self.planted_traps = PlantedTraps(active=plants_traps, cache=user_cache("cpuid"))
        self.echo = EchoFinder()
        self.contents = Contents()
        self.scheduler = Scheduler(self.tasks)
        self.short_transfers: ShortTransfers | None = None
        self.straight = StraightCalls(self)
        self.outside_memory = OutsideMemory(self)
        self.attachments = Attachments(self)
        self.disguise = Disguise()
        self.named_unknown: set[int] = set()
        self.named_privileged: set[str] = set()
        """Programs that it was said of that they run without the privileges they are marked with."""
        self.program = ""
        """The path that the command is started by."""
        self.memory_files = False
        """Whether a /proc/PID/mem has been opened for writing."""
        self.main_tid = 0
        self.main_status: int | None = None
        self.latest_signals: dict[int, float] = {}
        """Signal number: when a task was last seen to have it, by the monotonic clock."""
        self._latest_ended: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        """Their processes, and when."""
        self.notes: list[str] = []

    def disturb(self, seed: int) -> None:
        """Put it under chaos; to be called before it starts."""
        # Loaded when asked for, as few recordings need them.
        from redrive.recorder.chaos import Chaos
        from redrive.recorder.chaotic_scheduler import ChaoticScheduler
        from redrive.recorder.short_transfers import TRANSFERS, ShortTransfers

        chaos = Chaos(seed)
        self.scheduler = ChaoticScheduler(self.tasks, chaos)
        self.short_transfers = ShortTransfers(chaos)
        self.straight.leave_out(TRANSFERS)

    def note(self, task: Task, text: str) -> None:
        """Say something once, in the trace and to the user."""
        if text not in self.notes:
            self.notes.append(text)
            self.write(Note(task.tid, text))

    def keep_stop(self, task: Task, kind: StopKind, source: StopRegisters, value: int) -> None:
        """Keep the raw stop the task is in for its next event."""
        own = task.tracee.registers if source is StopRegisters.OWN else b""
        task.stops.append(encode_stop(Stop(kind, source, value, own)))

    def image_mapped(self, task: Task, number: int) -> None:
        """A task has mapped the image ``number``."""
        task.space.images.add(number)
        if number in self.images.watched:
            task.space.shares_files = True
            self.straight.leave_out(file_changes.BY_DESCRIPTOR)

    def file_may_change(self, task: Task, number: int) -> None:
        """A task has opened a file for writing that is mapped, as the image ``number``."""
        settling.settle_mappers(self, task, number)
        self.straight.leave_out(file_changes.BY_DESCRIPTOR)

    def ended(self, task: Task, status: int) -> None:
        """A task's Exit has been written."""
        self.attachments.task_ended(task)
        if task.tid == self.main_tid:
            self.main_status = status
        self._latest_ended.append((task.process.tgid, monotonic()))

    def has_process(self, pid: int) -> bool:
        """Whether a pid is, or was just now, a recorded process's; may be asked by any thread."""
        if any(task.process.tgid == pid for task in tuple(self.tasks.values())):
            return True
        since = monotonic() - _REMEMBERED_FOR
        return any(ended == pid and at >= since for ended, at in tuple(self._latest_ended))

    def saw_signal(self, number: int, siginfo: bytes) -> None:
        """A task has got a signal: see latest_signals.  What the recorder passes on itself does not count."""
        if sender_of(siginfo) != os.getpid():
            self.latest_signals[number] = monotonic()

    def start(self, tid: int, program: str) -> None:
        """Take over a spawned tracee at its first stop, and bring it to its program's first instruction.

        Returns with no task left when the program could not be executed.
        """
        task = families.make_main(self, tid, self.kernel.inherited_filter)
        self.main_tid = tid
        self.program = program
        self.contents.look_at_input()
        # It runs already: only a wait sees its first stop for certain.
        task.tracee.wait()
        while True:
            status = int(task.tracee.stop.status)
            if not os.WIFSTOPPED(status):
                del self.tasks[tid]
                return
            if status >> 16 == ptrace.EVENT_EXEC:
                break
            if status >> 16 == ptrace.EVENT_SECCOMP:
                self.keep_stop(task, StopKind.SECCOMP, StopRegisters.OWN, int(task.tracee.stop.message))
            is_signal = status >> 16 == 0 and status >> 8 != ptrace.SYSCALL_STOP_SIGNAL
            task.tracee.step(ptrace.CONT, os.WSTOPSIG(status) if is_signal else 0)
        self.keep_stop(task, StopKind.EXEC, StopRegisters.OWN, tid)
        task.tracee.step(ptrace.SYSCALL)
        # The kernel shows execve's exit whichever way its entry was driven.
        self.keep_stop(task, StopKind.SYSCALL_EXIT, StopRegisters.FIRST, 0)
        program_started(self, task)
        file_changes.watch_inherited(self, tid)
        self.scheduler.add(task)

    def run(self) -> None:
        """Until the last task is gone."""
        while self.tasks:
            main = self.tasks.get(self.main_tid)
            if main is not None and main.in_group_stop:
                # Looked at each time, as the last one of its group may not stop, but end.
                job_control.stop_along(self)
            task = self.scheduler.pick()
            if task is None:
                break
            try:
                self._turn(task)
            except TraceeGone:
                waiting.collect_end(self, task)

    def _turn(self, task: Task) -> None:
        """Let one task run until it sleeps, ends or has had its time."""
        if not self.disguise.take(task.identity or self.disguise.own):
            raise RecordError(f"task {task.tid} cannot be looked into any more: the recorder may not change its user")
        waiting.look_for_end(self, task)
        while True:
            if task.state is State.STOPPED:
                task.state = State.READY
                self.handle(task)
            if task.state is not State.READY or task.tid not in self.tasks:
                return
            if not task.midway and self.scheduler.event_passed(task) and holding.run_on(self, task):
                continue
            # A signal is let through before another thread can change what becomes of it.
            if not task.signal and self.scheduler.turn_is_over() and holding.may_be_held(task):
                calls.write_entry(self, task)
                self.scheduler.add(task)
                return
            self._advance(task)

    def _advance(self, task: Task) -> None:
        """Resume a task to its next stop."""
        if task.deferred and task.call is None and not task.midway:
            send_again(self, task)
        if task.may_come_back and not task.midway:
            task.pending = signals.pending_signals(task)
        task.let_go()
        task.midway = False
        self.scheduler.lets_go()
        if task.call is None and not task.signal and not task.repeated.is_quiet and self.straight.step(task):
            return
        if task.call is not None and task.call.prepared and not task.call.is_let_go:
            task.call.is_let_go = True
            settling.before_call(self, task)
        request = self._resumed(task)
        signal_number, task.signal = task.signal, 0
        if task.repeated.is_quiet:
            # What its code is to get is time to run: on a slow CPU our own work since the signal came takes longer.
            task.deferred_since = monotonic()
        task.tracee.resume(request, signal_number)
        waiting.await_stop(self, task)

    def enter_kernel(self, task: Task) -> None:
        """Run a task over the instruction that takes it into the kernel, to the stop of that."""
        task.let_go()
        task.tracee.step(self._resumed(task))

    def _resumed(self, task: Task) -> Request:
        """The request that a task is about to be resumed with; its tracker is told."""
        request = self._request(task)
        registers = task.tracee.registers
        number, rax = regs.get_signed(registers, "orig_rax"), regs.get_signed(registers, "rax")
        task.tracker.resumed(request, number, rax)
        return request

    def _request(self, task: Task) -> Request:
        if task.call is not None or task.process.filtered or not self.straight.filter_installed:
            return Request.SYSCALL
        return Request.CONT

    def handle(self, task: Task) -> None:
        """One stop of one task."""
        task.repeated.stopped()
        task.in_group_stop = False
        stop = task.tracee.stop
        status = int(stop.status)
        if task.exited and status >> 16 != ptrace.EVENT_EXEC:
            families.stopped(self, task)
        elif not os.WIFSTOPPED(status):
            families.gone(self, task)
        elif status >> 8 == ptrace.SYSCALL_STOP_SIGNAL or status >> 16 == ptrace.EVENT_SECCOMP:
            self._syscall_stop(task, status)
        elif status >> 16 == 0:
            self._follow(task, SyscallStop.SIGNAL)
            signals.delivery_stop(self, task)
        elif status >> 16 == ptrace.EVENT_EXIT:
            families.leaving(self, task)
        elif status >> 16 == ptrace.EVENT_STOP:
            self._event_stop(task, os.WSTOPSIG(status))
        else:
            self._event_in_call(task, status >> 16)

    def _event_in_call(self, task: Task, event: int) -> None:
        """PTRACE_EVENT_FORK and the like: a syscall has got as far as that."""
        if event == ptrace.EVENT_EXEC:
            task = families.caller_of_execve(self, task)
        self._follow(task, SyscallStop.EVENT)
        if event in _CHILD_EVENTS:
            families.child_made(self, task, _CHILD_EVENTS[event])
        elif event == ptrace.EVENT_VFORK_DONE:
            self.keep_stop(task, StopKind.VFORK_DONE, StopRegisters.OWN, int(task.tracee.stop.message))
        elif event == ptrace.EVENT_EXEC:
            self._executed(task)
        else:
            raise RecordError(f"task {task.tid} reported the unknown ptrace event {event}")

    def _executed(self, task: Task) -> None:
        """PTRACE_EVENT_EXEC: the calling thread has become the leader, and the others are gone (ptrace(2))."""
        former = int(task.tracee.stop.message)
        self.keep_stop(task, StopKind.EXEC, StopRegisters.OWN, former)
        calls.write_entry(self, task)
        assert task.call is not None
        task.call.former_task = former

    def _event_stop(self, task: Task, signal_number: int) -> None:
        """PTRACE_EVENT_STOP: a group-stop, or an interrupt of ours."""
        self._follow(task, SyscallStop.SIGNAL)
        interrupted = signal_number == signal.SIGTRAP
        self.keep_stop(
            task, StopKind.INTERRUPTED if interrupted else StopKind.GROUP_STOP, StopRegisters.OWN, signal_number
        )
        if interrupted and holding.is_midway(task):
            task.held()
            task.midway = True
            if task.deferred or not task.is_private:
                holding.bring_to_landmark(self, task)
                return
        self.write(Stopped(task.tid, task.take_stops()))
        if not interrupted:
            task.tracee.resume(ptrace.LISTEN)
            task.tracker.resumed(Request.CONT, -1, 0)
            task.state = State.SLEEPING
            task.in_group_stop = True

    def _follow(self, task: Task, stop: SyscallStop, info: Info | None = None) -> Outcome:
        """What a stop means; a call that is now known to have ended is written first."""
        registers = task.tracee.registers
        number, rax = regs.get_signed(registers, "orig_rax"), regs.get_signed(registers, "rax")
        outcome = task.tracker.stopped(stop, number, rax, info)
        if outcome.corrects_entry:
            calls.end_unseen(self, task)
        return outcome

    def _syscall_stop(self, task: Task, status: int) -> None:
        stop = task.tracee.stop
        kind = SyscallStop.SYSCALL if status >> 16 == 0 else SyscallStop.SECCOMP
        message = int(stop.message)
        if kind is SyscallStop.SECCOMP and stop.registers.rip >= VSYSCALL_PAGE:
            signals.vsyscall(self, task)
            return
        if kind is SyscallStop.SECCOMP and message == OTHER_ABI_DATA:
            raise RecordError(f"task {task.tid} made a 32-bit syscall (int 0x80): only x86-64 can be recorded")
        outcome = self._follow(task, kind, Info(stop.syscall_op) if stop.syscall_op >= 0 else None)
        began = next((fact for fact in outcome.facts if isinstance(fact, Began)), None)
        self.keep_stop(task, SYSCALL_STOPS[outcome.meaning], self._source(task, outcome.meaning, began), message)
        if began is not None and began.answered:
            calls.begin_answered(self, task, began.number)
        elif began is not None:
            calls.begin(self, task)
        if kind is SyscallStop.SECCOMP and message != TRACE_DATA:
            calls.refuse_trace(task)
        elif kind is SyscallStop.SECCOMP or (began is not None and not self.straight.filter_installed):
            calls.prepare(self, task)
        if outcome.meaning is Meaning.EXIT:
            self._exit_stop(task)

    def _source(self, task: Task, meaning: Meaning, began: Began | None) -> StopRegisters:
        """Where the event that a syscall's stop leads to has the stop's registers."""
        if began is not None:
            return StopRegisters.OWN if began.answered else StopRegisters.FIRST
        assert task.call is not None
        if meaning is not Meaning.EXIT:
            return StopRegisters.FIRST if task.tracee.registers == task.call.entry else StopRegisters.OWN
        if self._has_executed(task):
            return StopRegisters.FIRST
        seen = task.tracee.registers
        return StopRegisters.SECOND if calls.registers_after(task.call, seen) == seen else StopRegisters.OWN

    def _has_executed(self, task: Task) -> bool:
        """Whether this exit stop is that of an execve that succeeded."""
        assert task.call is not None
        return bool(task.call.former_task) and regs.get_signed(task.tracee.registers, "rax") == 0

    def _exit_stop(self, task: Task) -> None:
        if self._has_executed(task):
            program_started(self, task)
        else:
            calls.finish(self, task)
