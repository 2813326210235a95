"""A recorded execve: the task's address space is built anew from the event."""

from __future__ import annotations

from redrive.formats.events import Exec
from redrive.replayer.confinement import confine
from redrive.replayer.effects import Effects
from redrive.replayer.errors import ReplayError
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.stack_limits import limit_stack
from redrive.replayer.stub import UNMAP_ALL_ELSE, Stub
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks


def replay_exec(tasks: Tasks, event: Exec, stub: Stub, effects: Effects, machine: Machine) -> None:
    """The first one starts the first task; any other happens in a task that is in its syscall."""
    if tasks.first is None:
        task = Task(event.task, event.task, stub.start(), machine.interception)
        tasks.add(task)
        if machine.can_confine:
            confine(task.tracee)
    else:
        task = tasks[event.task]
        if event.former_task != event.task or tasks.has_siblings(task):
            raise ReplayError("the trace has an execve in a process of several threads, which cannot be replayed yet")
        stub.execute(task.tracee)
    limit_stack(task, event.stack_limit)
    effects.apply(task, event.effects, first=(*UNMAP_ALL_ELSE, *machine.after_execution))
    write_memory(task, event.writes)
    machine.vectors.set(task, event.xstate)
    task.leave_at(event.registers)
