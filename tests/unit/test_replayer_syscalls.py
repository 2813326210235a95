"""Replay of syscalls: registers compared, results and memory restored, effects done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from redrive.replayer.divergence import Divergence
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.replay import replay
from tests.unit.replayer_traces import DATA, FIRST_TASK, PAGE, TraceByHand, assemble

GETPID_THEN_EXIT = """
    mov $39, %eax
    syscall
    mov %eax, %edi
    mov $60, %eax
    syscall
"""


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_a_result_reaches_the_program(tmp_path: Path, force_breakpoints: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=39)
    trace.enter(16, rax=60, rdi=4711)
    trace.exit(7 << 8)
    result = replay(trace.close(), force_breakpoints=force_breakpoints)
    assert (result.events, result.wait_status, result.complete) == (4, 7 << 8, True)


def test_another_register_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=39)
    trace.enter(16, rax=60, rdi=4712)
    trace.exit()
    with pytest.raises(Divergence) as raised:
        replay(trace.close())
    text = str(raised.value)
    assert "event 2" in text
    assert f"task {FIRST_TASK}" in text
    assert "rdi      0x0000000000001268  0x0000000000001267" in text
    assert "/bin/by-hand + 0x10" in text


READ_THEN_EXIT_WITH_BYTE = f"""
    xor %eax, %eax
    mov ${DATA:#x}, %esi
    syscall
    movzbl 3(%rsi), %edi
    mov $60, %eax
    syscall
"""
