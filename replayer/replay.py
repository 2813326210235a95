"""Replaying a trace: event after event, each task is brought to what was recorded, compared and sent on."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.events import (
    Clone,
    Exec,
    Exit,
    Landmark,
    Note,
    Restart,
    Signal,
    Stopped,
    Syscall,
    SyscallEntry,
    SyscallExit,
    Trap,
    VectorState,
)
from redrive.replayer.clones import clone
from redrive.replayer.comparison import after_syscall
from redrive.replayer.descriptor_limit import raise_descriptor_limit
from redrive.replayer.divergence import Divergence, report
from redrive.replayer.echo import OutputEcho
from redrive.replayer.effects import Effects
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.replayer.executions import replay_exec
from redrive.replayer.exits import end_processes, end_thread
from redrive.replayer.images import Images
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.mismatch import Mismatch, stopped_elsewhere
from redrive.replayer.patience import Patience, RanTooLong, hold
from redrive.replayer.signals import replay_signal
from redrive.replayer.stack_limits import LIMIT_SYSCALLS, replay_limit
from redrive.replayer.stub import Stub
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks
from redrive.replayer.traps import replay_trap
from redrive.replayer.watcher import ReplayWatcher
from redrive.tracee import cpu
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.shared_traps import shared_traps
from redrive.tracee.tracee import Tracee

RECENT_EVENTS = 10
"""How many events a divergence report shows."""


class ReplayResult(NamedTuple):
    """How a replay ended that saw no divergence.

    ``events`` were replayed; ``wait_status`` is the recorded command's, or None where the trace ends before it;
    ``complete`` says whether the trace reaches the end of all tasks, and ``reason`` why not; ``unwritten`` why not all
    of the recorded output could be written again.
    """

    events: int
    wait_status: int | None
    complete: bool
    reason: str
    unwritten: str


def replay(
    path: Path, *, quiet: bool = False, force_breakpoints: bool = False, watcher: ReplayWatcher | None = None
) -> ReplayResult:
    """Replay an archive to its end.

    ``quiet`` leaves out what the program wrote; ``force_breakpoints`` see redrive.replayer.machine; ``watcher`` is told
    how far it is.  Raises Divergence, ReplayError, or redrive.formats.errors.ArchiveError.
    """
    affinity = os.sched_getaffinity(0)
    with ArchiveReader(path) as reader:
        preferred = reader.header.options.get("cpu")
        # Tracer and tracees take turns: on two CPUs every turn would wait for another CPU to wake up.
        os.sched_setaffinity(0, {cpu.choose(preferred if isinstance(preferred, int) else None)})
        try:
            replayer = Replayer(reader, quiet=quiet, force_breakpoints=force_breakpoints, watcher=watcher)
            try:
                return replayer.run()
            finally:
                replayer.close()
        finally:
            os.sched_setaffinity(0, affinity)


class Replayer:
    """The state of one replay."""

    def __init__(
        self, reader: ArchiveReader, *, quiet: bool, force_breakpoints: bool, watcher: ReplayWatcher | None
    ) -> None:
        self._reader = reader
        self._watcher = watcher
        self._machine = Machine(reader.header, force_breakpoints=force_breakpoints)
        self._enter_syscall = self._machine.enter_syscall
        self._tasks = Tasks()
        with contextlib.ExitStack() as resources:
            raise_descriptor_limit()
            self._stub = Stub()
            resources.callback(self._stub.close)
            self._images = Images(reader.blob, reader.path.stat().st_size)
            resources.callback(self._images.close)
            resources.enter_context(shared_traps(cpuid=self._machine.cpuid_faults))
            resources.callback(self._end_tasks)
            self._resources = resources.pop_all()
        self._echo = OutputEcho(quiet=quiet, watcher=watcher)
        self._effects = Effects(self._tasks, self._images, self._echo, self._stub)
        self._patience = Patience(reader, self._tasks)
        self._exited_leaders: dict[int, Tracee] = {}
        """Leaders of processes whose other threads live on: they are reported only after those."""
        self._wait_status: int | None = None

    def run(self) -> ReplayResult:
        """All events of the trace."""
        handlers = self._handlers()
        watcher, total = self._watcher, self._reader.completeness.event_count
        patience = self._patience
        count, tid = 0, 0
        try:
            with patience.ticking():
                for _, event in self._reader.events(0):
                    tid = event.task
                    patience.event = event
                    handlers[type(event)](event)
                    count += 1
                    if watcher is not None:
                        watcher.progressed(count, total)
        except Mismatch as mismatch:
            raise self._divergence(mismatch, count) from None
        except RanTooLong as too_long:
            raise self._divergence(self._never_came(self._tasks[tid], *too_long.args), count) from None
        except TraceeGone:
            raise self._divergence(Mismatch(self._tasks[tid], "the task to be alive"), count) from None
        except TraceeError as error:
            raise ReplayError(f"event {count}: {error}") from error
        except ReplayError as error:
            raise type(error)(f"event {count}: {error}") from error
        return self._result(count)

    @staticmethod
    def _never_came(task: Task, limit: float) -> Mismatch:
        hold(task)
        return stopped_elsewhere(task, f"this event within {limit:.0f} s of CPU time", b"")

    def _divergence(self, mismatch: Mismatch, number: int) -> Divergence:
        # They are read again: to hold on to ten events would cost the memory of the ten largest.
        first = max(0, number + 1 - RECENT_EVENTS)
        recent = itertools.islice(self._reader.events(first), number + 1 - first)
        return Divergence(report(mismatch, recent, self._images, self._machine.differences))

    def close(self) -> None:
        """End whatever is left of the tasks, and give back what they used."""
        self._resources.close()

    def _end_tasks(self) -> None:
        # A leader's end is reported after that of the process's other threads: it is waited for last.
        tasks = sorted(self._tasks.values(), key=lambda task: task.tid == task.process)
        end_processes([*(task.tracee for task in tasks), *self._exited_leaders.values()])

    def _handlers(self) -> Mapping[type, Callable[[Any], None]]:
        return {
            Exec: self._exec,
            Clone: self._clone,
            Syscall: self._syscall,
            SyscallEntry: self._syscall_entry,
            SyscallExit: self._syscall_exit,
            Restart: self._restart,
            Signal: self._signal,
            Trap: self._trap,
            Exit: self._exit,
            Stopped: self._nothing,
            Note: self._nothing,
            VectorState: self._vector_state,
            Landmark: self._landmark,
        }

    def _result(self, count: int) -> ReplayResult:
        completeness = self._reader.completeness
        if completeness.complete and len(self._tasks):
            names = ", ".join(map(str, self._tasks))
            raise UntrustworthyTrace(f"the trace says that it is complete, but never ends task {names}")
        return ReplayResult(count, self._wait_status, completeness.complete, completeness.reason, self._echo.failure)

    def _syscall(self, event: Syscall) -> None:
        task = self._tasks[event.task]
        self._enter_syscall(task, event.entry)
        if event.effects:
            self._effects.apply(task, event.effects)
        if event.writes:
            write_memory(task, event.writes)
        if event.number in LIMIT_SYSCALLS:
            replay_limit(self._tasks, task, event, event.entry)
        task.registers = after_syscall(event.entry, event.exit)

    def _syscall_entry(self, event: SyscallEntry) -> None:
        task = self._tasks[event.task]
        self._enter_syscall(task, event.entry)
        write_memory(task, event.writes)
        task.entry = event.entry

    def _syscall_exit(self, event: SyscallExit) -> None:
        task = self._tasks[event.task]
        if not task.entry:
            raise UntrustworthyTrace(f"the trace ends a syscall of task {event.task} that never began")
        self._effects.apply(task, event.effects)
        write_memory(task, event.writes)
        if event.number in LIMIT_SYSCALLS:
            replay_limit(self._tasks, task, event, task.entry)
        task.registers = after_syscall(task.entry, event.exit)
        self._machine.vectors.set(task, event.xstate)
        task.entry = b""

    def _exec(self, event: Exec) -> None:
        leader = self._exited_leaders.pop(event.task, None)
        replay_exec(self._tasks, event, self._stub, self._effects, self._machine, leader)

    def _clone(self, event: Clone) -> None:
        child = clone(self._tasks[event.task], event)
        try:
            self._tasks.add(child)
        except UntrustworthyTrace:
            end_processes([child.tracee])
            raise
        write_memory(child, event.writes)

    def _restart(self, event: Restart) -> None:
        task = self._tasks[event.task]
        task.leave_at(event.registers)
        task.entry = b""

    def _signal(self, event: Signal) -> None:
        replay_signal(self._tasks[event.task], event, self._machine)

    def _trap(self, event: Trap) -> None:
        replay_trap(self._tasks[event.task], event, self._machine)

    def _exit(self, event: Exit) -> None:
        task = self._tasks[event.task]
        write_memory(task, event.writes)
        if self._tasks.has_siblings(task):
            end_thread(task)
            if task.tid == task.process:
                self._exited_leaders[task.process] = task.tracee
        else:
            leader = self._exited_leaders.pop(task.process, None)
            end_processes([task.tracee] if leader is None else [task.tracee, leader])
        self._tasks.remove(task)
        if task.tid == self._tasks.first:
            self._wait_status = event.status

    def _vector_state(self, event: VectorState) -> None:
        self._machine.vectors.compare(self._tasks[event.task], event.xstate)

    def _landmark(self, event: Landmark) -> None:
        # Loaded when first needed, as the decoder of instructions takes longer than all else.
        from redrive.replayer.landmarks import find_landmark

        find_landmark(self._tasks[event.task], event, self._machine)

    def _nothing(self, _event: Stopped | Note) -> None:
        pass
