"""A recorded signal: the task is brought to where it met it, and put where the kernel sent it."""

from __future__ import annotations

from redrive.formats.events import Signal, SignalAction, SignalPoint
from redrive.replayer.comparison import same_in_user_code
from redrive.replayer.machine import Machine
from redrive.replayer.memory import write_memory
from redrive.replayer.mismatch import Mismatch, stopped_elsewhere
from redrive.replayer.task import Task


def replay_signal(task: Task, event: Signal, machine: Machine) -> None:
    """Raises Mismatch where the task does not meet the signal as recorded."""
    if event.point == SignalPoint.FAULT:
        _run_to_fault(task, event)
    elif not same_in_user_code(event.registers, task.registers):
        raise Mismatch(task, f"signal {event.signal} at the point the task is at", event.registers, task.registers)
    write_memory(task, event.writes)
    if event.action == SignalAction.HANDLER:
        task.leave_at(event.handler_registers)
        machine.vectors.set(task, event.handler_xstate)
    else:
        task.leave_at(event.registers)


def _run_to_fault(task: Task, event: Signal) -> None:
    task.run()
    if not task.at_signal(event.signal) or not same_in_user_code(event.registers, task.tracee.registers):
        raise stopped_elsewhere(task, f"its own instruction to raise signal {event.signal}", event.registers)
