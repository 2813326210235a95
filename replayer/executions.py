"""A recorded execve: the task's address space is built anew from the event."""

from __future__ import annotations

import resource

from redrive.formats.events import Exec
from redrive.replayer.effects import Effects
from redrive.replayer.errors import ReplayError
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.stub import UNMAP_ALL_ELSE, Stub
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks

_NO_LIMIT = 2**64 - 1


def replay_exec(tasks: Tasks, event: Exec, stub: Stub, effects: Effects, machine: Machine) -> None:
    """The first one starts the first task; any other happens in a task that is in its syscall."""
    if tasks.first is None:
        task = Task(event.task, event.task, stub.start(), machine.interception)
        tasks.add(task)
    else:
        task = tasks[event.task]
        if event.former_task != event.task or tasks.has_siblings(task):
            raise ReplayError("the trace has an execve in a process of several threads, which cannot be replayed yet")
        stub.execute(task.tracee)
    _limit_stack(task, event.stack_limit)
    effects.apply(task, event.effects, first=(*UNMAP_ALL_ELSE, *machine.after_execution))
    write_memory(task, event.writes)
    machine.set_xstate(task, event.xstate)
    task.leave_at(event.registers)


def _limit_stack(task: Task, limit: int) -> None:
    """Where the stack stops growing is where a recursion faulted."""
    if limit == task.stack_limit:
        return
    _, hard = resource.prlimit(task.tracee.tid, resource.RLIMIT_STACK)
    wanted = resource.RLIM_INFINITY if limit >= _NO_LIMIT else limit
    if hard != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > hard):
        # Not permitted to go beyond; only a program that uses that much stack would notice.
        wanted = hard
    resource.prlimit(task.tracee.tid, resource.RLIMIT_STACK, (wanted, hard))
    task.stack_limit = limit
