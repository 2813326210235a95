"""Running a task to an address, its code unchanged."""

from __future__ import annotations

import signal

from redrive.replayer.comparison import without_resume_flag
from redrive.replayer.mismatch import stopped_elsewhere
from redrive.replayer.task import Task
from redrive.tracee.hardware_breakpoint import break_at, clear_breakpoint


def run_to_address(task: Task, address: int, expected: str, registers: bytes) -> None:
    """Run until just before an instruction, or raise Mismatch with what was ``expected`` and the recorded registers."""
    # With RF set, the breakpoint would not work at the very next instruction.
    task.registers = without_resume_flag(task.registers)
    break_at(task.tracee, address)
    task.run()
    if not task.at_signal(signal.SIGTRAP) or task.tracee.stop.registers.rip != address:
        raise stopped_elsewhere(task, expected, registers)
    clear_breakpoint(task.tracee)
