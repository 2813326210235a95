"""Replay of signals: those a task's own instruction raises, and those that meet it after a syscall."""

from __future__ import annotations

import signal
import struct
from pathlib import Path

import pytest

from redrive.formats.events import Restart, Signal, SignalAction, SignalPoint, SyscallExit, VectorState
from redrive.formats.header import CpuidLeaf
from redrive.replayer.divergence import Divergence
from redrive.replayer.replay import replay
from redrive.tracee import registers as regs
from redrive.tracee.xstate import components
from tests.unit.replayer_traces import CODE, DATA, FIRST_TASK, STACK, TraceByHand, assemble, header

RESUME_FLAG = 1 << 16
SIGINFO = bytes(128)


def _signal(
    number: int, point: SignalPoint, registers: bytes, handler: bytes = b"", frame: tuple[tuple[int, bytes], ...] = ()
) -> Signal:
    action = SignalAction.HANDLER if handler else SignalAction.IGNORED
    return Signal(FIRST_TASK, number, SIGINFO, point, action, registers, handler, b"", frame, b"")


FAULT_THEN_HANDLER = """
    mov $39, %eax
    syscall
    ud2
    hlt
handler:
    movzbl (%rsp), %edi
    mov $60, %eax
    syscall
"""
AFTER_GETPID, HANDLER, EXIT = 7, 10, 21


def test_a_fault_is_met_where_it_was(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(FAULT_THEN_HANDLER, tmp_path))
    trace.syscall(AFTER_GETPID, 1, rax=39)
    at_fault = regs.replace(trace.registers[FIRST_TASK], orig_rax=-1, eflags=0x202 | RESUME_FLAG)
    handler = regs.replace(at_fault, rip=CODE + HANDLER, rsp=STACK - 0x100, rdi=signal.SIGILL, rax=0)
    trace.write(_signal(signal.SIGILL, SignalPoint.FAULT, at_fault, handler, ((STACK - 0x100, b"\x09"),)))
    trace.registers[FIRST_TASK] = regs.replace(handler, eflags=0x202)
    trace.enter(EXIT, rax=60, rdi=9)
    trace.exit(9 << 8)
    assert replay(trace.close()).wait_status == 9 << 8


BELOW_A_LIMIT = f"""
    mov $160, %eax
    mov $3, %edi
    mov ${DATA:#x}, %esi
    syscall
    movb $0, -0x200000(%rsp)
"""
AFTER_SETRLIMIT = 17


@pytest.mark.parametrize("split", [False, True])
def test_a_stack_ends_where_the_program_has_set_its_limit(tmp_path: Path, split: bool) -> None:
    """Whether setrlimit is one event, or two as others have run meanwhile."""
    limit = struct.pack("<QQ", 1 << 20, 2**64 - 1)
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(BELOW_A_LIMIT, tmp_path), writes=((DATA, limit),))
    if split:
        trace.enter(AFTER_SETRLIMIT, rax=160, rdi=3, rsi=DATA)
        trace.leave(0)
    else:
        trace.syscall(AFTER_SETRLIMIT, 0, rax=160, rdi=3, rsi=DATA)
    at_fault = regs.replace(trace.registers[FIRST_TASK], orig_rax=-1, eflags=0x202 | RESUME_FLAG)
    trace.write(_signal(signal.SIGSEGV, SignalPoint.FAULT, at_fault)._replace(action=SignalAction.FATAL))
    trace.exit(signal.SIGSEGV)
    assert replay(trace.close()).wait_status == signal.SIGSEGV


def test_another_fault_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(FAULT_THEN_HANDLER, tmp_path))
    trace.syscall(AFTER_GETPID, 1, rax=39)
    at_fault = regs.replace(trace.registers[FIRST_TASK], orig_rax=-1)
    trace.write(_signal(signal.SIGSEGV, SignalPoint.FAULT, at_fault))
    with pytest.raises(Divergence, match="seen        signal SIGILL"):
        replay(trace.close(complete=False))


def test_a_fault_instead_of_a_syscall_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("ud2\n syscall\n", tmp_path))
    trace.syscall(4, 1, rax=39)
    with pytest.raises(Divergence, match="does not have an instruction"):
        replay(trace.close(complete=False))


def test_a_syscall_instead_of_a_fault_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(FAULT_THEN_HANDLER, tmp_path))
    trace.write(_signal(signal.SIGILL, SignalPoint.FAULT, trace.registers[FIRST_TASK]))
    with pytest.raises(Divergence, match="did not now"):
        replay(trace.close(complete=False))


PAUSE_THEN_HANDLER = f"""
    mov $34, %eax
    syscall
    mov %eax, %edi
    mov $60, %eax
    syscall
handler:
    movb $1, {DATA}
    mov $15, %eax
    syscall
"""
AFTER_PAUSE, AFTER_EXIT, PAUSE_HANDLER, AFTER_RETURN = 7, 16, 16, 31


def test_a_signal_that_ends_a_syscall(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(PAUSE_THEN_HANDLER, tmp_path))
    trace.enter(AFTER_PAUSE, rax=34)
    entry = trace.registers[FIRST_TASK]
    trace.leave(-514)
    met = trace.registers[FIRST_TASK]
    handler = regs.replace(met, rip=CODE + PAUSE_HANDLER, rsp=STACK - 0x100, rax=0)
    trace.write(_signal(signal.SIGALRM, SignalPoint.BOUNDARY, met, handler))
    trace.registers[FIRST_TASK] = handler
    trace.enter(AFTER_RETURN, rax=15)
    returned = regs.replace(entry, rax=-4, orig_rax=-1)
    trace.write(SyscallExit(FIRST_TASK, 15, returned, b"", (), (), b""))
    trace.registers[FIRST_TASK] = returned
    trace.enter(AFTER_EXIT, rax=60, rdi=2**32 - 4)
    trace.exit()
    assert replay(trace.close()).complete


def test_a_syscall_that_the_kernel_restarts(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(PAUSE_THEN_HANDLER, tmp_path))
    trace.enter(AFTER_PAUSE, rax=34)
    trace.leave(-514)
    met = trace.registers[FIRST_TASK]
    trace.write(_signal(signal.SIGALRM, SignalPoint.BOUNDARY, met))
    again = regs.replace(met, rax=34, rip=CODE + AFTER_PAUSE - 2)
    trace.write(Restart(FIRST_TASK, again))
    trace.registers[FIRST_TASK] = again
    trace.syscall(AFTER_PAUSE, 0, rax=34)
    trace.enter(AFTER_EXIT, rax=60, rdi=0)
    trace.exit()
    assert replay(trace.close()).complete


def test_a_signal_at_another_point_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(PAUSE_THEN_HANDLER, tmp_path))
    trace.syscall(AFTER_PAUSE, 0, rax=34)
    elsewhere = regs.replace(trace.registers[FIRST_TASK], rbx=1)
    trace.write(_signal(signal.SIGALRM, SignalPoint.BOUNDARY, elsewhere))
    with pytest.raises(Divergence, match=r"\* rbx      0x0000000000000001  0x0000000000000000"):
        replay(trace.close(complete=False))


XMM_THEN_EXIT = """
    ud2
    movq %xmm0, %rdi
    mov $60, %eax
    syscall
"""


def test_vector_registers_are_those_of_the_handler(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(XMM_THEN_EXIT, tmp_path))
    at_fault = regs.replace(trace.registers[FIRST_TASK], eflags=0x202 | RESUME_FLAG)
    handler = regs.replace(at_fault, rip=CODE + 2)
    event = _signal(signal.SIGILL, SignalPoint.FAULT, at_fault, handler)
    trace.write(event._replace(handler_xstate=_xstate_with_xmm0(0x1234)))
    trace.registers[FIRST_TASK] = regs.replace(handler, eflags=0x202)
    trace.enter(14, rax=60, rdi=0x1234)
    trace.exit()
    assert replay(trace.close()).complete


def _xstate_with_xmm0(value: int) -> bytes:
    """An XSAVE area of a machine with SSE only (Intel SDM volume 1, 13.4)."""
    area = bytearray(576)
    area[0:2] = (0x37F).to_bytes(2, "little")
    area[24:28] = (0x1F80).to_bytes(4, "little")
    area[28:32] = (0xFFFF).to_bytes(4, "little")
    area[160:168] = value.to_bytes(8, "little")
    area[464:472] = (3).to_bytes(8, "little")
    area[512:520] = (3).to_bytes(8, "little")
    return bytes(area)


YMM_THEN_EXIT = """
    ud2
    vextractf128 $1, %ymm0, %xmm1
    movq %xmm1, %rdi
    mov $60, %eax
    syscall
"""


def test_vector_registers_of_a_cpu_that_keeps_them_elsewhere(tmp_path: Path) -> None:
    if not any(component.bit == 2 for component in components()):
        pytest.skip("needs AVX")
    code = assemble(YMM_THEN_EXIT, tmp_path)
    trace = TraceByHand(tmp_path / "trace", header([CpuidLeaf(0xD, 2, 256, 704, 0, 0)]))
    trace.execute(code)
    at_fault = regs.replace(trace.registers[FIRST_TASK], eflags=0x202 | RESUME_FLAG)
    handler = regs.replace(at_fault, rip=CODE + 2)
    area = bytearray(_xstate_with_xmm0(0x1234).ljust(960, b"\x77"))
    area[512:520] = (7).to_bytes(8, "little")
    area[704:960] = (0x5678).to_bytes(16, "little") + bytes(240)
    event = _signal(signal.SIGILL, SignalPoint.FAULT, at_fault, handler)
    trace.write(event._replace(handler_xstate=bytes(area)))
    trace.write(VectorState(FIRST_TASK, bytes(area)))
    trace.registers[FIRST_TASK] = regs.replace(handler, eflags=0x202)
    trace.enter(len(code), rax=60, rdi=0x5678)
    trace.exit()
    assert replay(trace.close()).complete


def test_vector_registers_are_compared(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("mov $39, %eax\n movq %rax, %xmm0\n syscall\n", tmp_path))
    trace.syscall(12, 1, rax=39)
    trace.write(VectorState(FIRST_TASK, _xstate_with_xmm0(39)))
    trace.write(VectorState(FIRST_TASK, _xstate_with_xmm0(38)))
    with pytest.raises(Divergence, match="event 3: .*(?s:.*); xmm0 differ"):
        replay(trace.close(complete=False))
