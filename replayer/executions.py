"""A recorded execve: the task's address space is built anew from the event."""

from __future__ import annotations

from redrive.formats.events import Exec
from redrive.replayer.confinement import confine, limit
from redrive.replayer.effects import Effects
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.stack_limits import limit_stack
from redrive.replayer.stub import UNMAP_ALL_ELSE, Stub
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks
from redrive.tracee.tracee import Tracee


def replay_exec(
    tasks: Tasks, event: Exec, stub: Stub, effects: Effects, machine: Machine, leader: Tracee | None
) -> None:
    """The first one starts the first task; any other happens in a task that is in its syscall.

    ``leader`` is the leader of the task's process where that has exited before the task: its tid is the task's then.
    """
    if tasks.first is None:
        task = Task(event.task, event.task, stub.start(), machine.interception)
        tasks.add(task)
        limit(task.tracee)
        if machine.can_confine:
            confine(task.tracee)
    else:
        task = tasks[event.former_task]
        if tasks.has_siblings(task) or event.task != task.process or (leader is None) != (event.task == task.tid):
            raise UntrustworthyTrace("the trace has an execve in a process whose other threads are still there")
        stub.execute(task.tracee, leader.tid if leader else task.tracee.tid)
        tasks.rename(task, event.task)
    limit_stack(task, event.stack_limit)
    effects.apply(task, event.effects, first=(*UNMAP_ALL_ELSE, *machine.after_execution))
    write_memory(task, event.writes)
    machine.vectors.set(task, event.xstate)
    task.leave_at(event.registers)
