"""Stopping at an instruction without changing it: an execution breakpoint of the CPU's debug registers."""

from __future__ import annotations

import signal

from redrive.replayer.comparison import without_resume_flag
from redrive.replayer.mismatch import stopped_elsewhere
from redrive.replayer.task import Task

_CONTROL = 7
_EXECUTE_AT_0 = 1
"""DR7: L0 set, R/W0 and LEN0 clear (Intel SDM volume 3, 18.2.4)."""


def run_to_address(task: Task, address: int, expected: str, registers: bytes) -> None:
    """Run until just before an instruction, or raise Mismatch with what was ``expected`` and the recorded registers."""
    # With RF set, the breakpoint would not work at the very next instruction.
    task.registers = without_resume_flag(task.registers)
    task.tracee.set_debug_register(0, address)
    task.tracee.set_debug_register(_CONTROL, _EXECUTE_AT_0)
    task.run()
    if not task.at_signal(signal.SIGTRAP) or task.tracee.stop.registers.rip != address:
        raise stopped_elsewhere(task, expected, registers)
    task.tracee.set_debug_register(_CONTROL, 0)
