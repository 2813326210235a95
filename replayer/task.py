"""A recorded task and the kernel task that stands behind it."""

from __future__ import annotations

import os
from collections.abc import Callable

from redrive.replayer.comparison import outside_syscall
from redrive.tracee import ptrace
from redrive.tracee.own_faults import is_foreign_stop
from redrive.tracee.tracee import Tracee

SYSCALL_STOP = ptrace.stop_status(ptrace.SYSCALL_STOP_SIGNAL)
"""waitpid's status at a syscall-stop."""

Interception = Callable[[Tracee], "bytes | None"]
"""Looks at a stop and, when it is one that no event stands for, gives the registers to go on with."""


class Task:
    """A task between two events.

    ``tid`` is the recorded one, ``process`` that of the thread group's leader.  ``registers`` are what the task has
    when it next runs; they are set in the kernel only then.  ``entry`` are the registers of the syscall it is in.
    """

    __slots__ = ("entry", "intercept", "process", "registers", "stack_limit", "tid", "tracee")

    def __init__(self, tid: int, process: int, tracee: Tracee, intercept: Interception | None) -> None:
        self.tid = tid
        self.process = process
        self.tracee = tracee
        self.intercept = intercept
        self.registers = b""
        self.entry = b""
        self.stack_limit = -1

    def leave_at(self, registers: bytes) -> None:
        """Have the task go on from recorded registers."""
        # No syscall is to be restarted: whatever the recording kernel did about that is in the events.
        self.registers = outside_syscall(registers)

    def run(self) -> None:
        """Run under PTRACE_SYSEMU, so that no syscall happens, to the next stop that the program causes."""
        tracee = self.tracee
        tracee.step_from(self.registers, ptrace.SYSEMU)
        if tracee.stop.status != SYSCALL_STOP:
            self._pass_others()

    def run_unless(self, give_up: Callable[[], bool]) -> bool:
        """As run, but asks now and then, when a signal of the replayer's own interrupts the wait, whether to give up.

        False when it has given up; the task is stopped then all the same.
        """
        tracee = self.tracee
        if not tracee.step_from_unless(self.registers, ptrace.SYSEMU, give_up):
            return False
        if tracee.stop.status != SYSCALL_STOP:
            self._pass_others()
        return True

    def at_signal(self, signal: int) -> bool:
        """Whether the task stopped because its own instruction raised the signal."""
        return bool(self.tracee.stop.status == ptrace.stop_status(signal))

    def at_event(self, event: int) -> bool:
        """Whether the task stopped at a PTRACE_EVENT."""
        return bool(self.tracee.stop.status >> 16 == event)

    def _pass_others(self) -> None:
        tracee = self.tracee
        while os.WIFSTOPPED(tracee.stop.status):
            if is_foreign_stop(tracee.stop):
                tracee.step(ptrace.SYSEMU)
            elif self.intercept is not None and (registers := self.intercept(tracee)) is not None:
                tracee.step_from(registers, ptrace.SYSEMU)
            else:
                return
