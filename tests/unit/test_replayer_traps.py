"""Replay of instructions whose results are recorded: rdtsc, rdtscp, cpuid and the vsyscall page."""

from __future__ import annotations

from pathlib import Path

import pytest

from redrive.formats.events import Trap, TrapCause
from redrive.formats.header import CpuidLeaf
from redrive.replayer.divergence import Divergence
from redrive.replayer.replay import replay
from redrive.tracee import kernel
from redrive.tracee import registers as regs
from tests.unit.replayer_traces import CODE, DATA, FIRST_TASK, TraceByHand, assemble, header

VSYSCALL_TIME = 0xFFFF_FFFF_FF60_0400


def _without_cpuid_faulting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that cannot have cpuid fault."""
    probe = kernel.probe
    monkeypatch.setattr(kernel, "probe", lambda: probe()._replace(cpuid_faulting=False))


def _trapped(trace: TraceByHand, cause: TrapCause, offset: int, length: int, **results: int) -> None:
    before = regs.replace(trace.registers[FIRST_TASK], rip=CODE + offset, orig_rax=-1)
    after = regs.replace(before, rip=CODE + offset + length, **results)
    trace.write(Trap(FIRST_TASK, cause, before, after, (), b""))
    trace.registers[FIRST_TASK] = after


@pytest.mark.parametrize("force_breakpoints", [False, True])
@pytest.mark.parametrize(
    ("instruction", "cause", "length"), [("rdtsc", TrapCause.RDTSC, 2), ("rdtscp", TrapCause.RDTSCP, 3)]
)
def test_the_clock_of_the_cpu(
    tmp_path: Path, instruction: str, cause: TrapCause, length: int, force_breakpoints: bool
) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(f"{instruction}\n mov %eax, %edi\n mov $60, %eax\n syscall\n", tmp_path))
    _trapped(trace, cause, 0, length, rax=0x77, rdx=0x88)
    trace.enter(length + 9, rax=60, rdi=0x77)
    trace.exit()
    assert replay(trace.close(), force_breakpoints=force_breakpoints).complete


CPUID_THEN_EXIT = """
    mov $7, %eax
    cpuid
    mov %ebx, %edi
    mov $60, %eax
    syscall
"""


@pytest.mark.parametrize("faults", [False, True])
def test_a_recorded_cpuid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: bool) -> None:
    if not faults:
        _without_cpuid_faulting(monkeypatch)
    elif not kernel.cpuid_faults():
        pytest.skip("cpuid cannot be intercepted on this machine")
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(CPUID_THEN_EXIT, tmp_path))
    trace.registers[FIRST_TASK] = regs.replace(trace.registers[FIRST_TASK], rax=7)
    _trapped(trace, TrapCause.CPUID, 5, 2, rax=1, rbx=0xDEAD, rcx=3, rdx=4)
    trace.enter(16, rax=60, rdi=0xDEAD)
    trace.exit()
    assert replay(trace.close()).complete


@pytest.mark.parametrize("faults", [False, True])
def test_a_cpuid_that_another_instruction_stands_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: bool
) -> None:
    if not faults:
        _without_cpuid_faulting(monkeypatch)
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(CPUID_THEN_EXIT.replace("cpuid", "clts"), tmp_path))
    trace.registers[FIRST_TASK] = regs.replace(trace.registers[FIRST_TASK], rax=7)
    _trapped(trace, TrapCause.CPUID, 5, 2, rax=1, rbx=0xDEAD, rcx=3, rdx=4)
    trace.enter(16, rax=60, rdi=0xDEAD)
    trace.exit()
    assert replay(trace.close()).complete


def test_a_cpuid_that_was_not_intercepted_when_recorded(tmp_path: Path) -> None:
    if not kernel.cpuid_faults():
        pytest.skip("cpuid cannot be intercepted on this machine")
    answers = (CpuidLeaf(7, 0, 1, 0xBEEF, 3, 4),)
    trace = TraceByHand(tmp_path / "trace", header(answers, {"cpuid_faulting": False}))
    trace.execute(assemble(CPUID_THEN_EXIT, tmp_path))
    trace.enter(16, rax=60, rbx=0xBEEF, rdx=4, rdi=0xBEEF)
    trace.exit()
    assert replay(trace.close()).complete


def test_an_instruction_that_was_not_recorded_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("rdtsc\n mov $39, %eax\n syscall\n", tmp_path))
    trace.syscall(9, 1, rax=39)
    with pytest.raises(Divergence, match="did not intercept"):
        replay(trace.close(complete=False))


def test_a_call_of_the_vsyscall_page(tmp_path: Path) -> None:
    source = (
        f"mov ${DATA}, %edi\n mov ${VSYSCALL_TIME:#x}, %rax\n call *%rax\n mov %eax, %edi\n mov $60, %eax\n syscall"
    )
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(source, tmp_path))
    start = trace.registers[FIRST_TASK]
    stack = regs.get(start, "rsp")
    before = regs.replace(start, rip=VSYSCALL_TIME, rdi=DATA, rsp=stack - 8, orig_rax=201, rax=-38)
    after = regs.replace(before, rip=CODE + 14, rsp=stack, orig_rax=-1, rax=0x55)
    trace.write(Trap(FIRST_TASK, TrapCause.VSYSCALL, before, after, ((DATA, b"\x55"),), b""))
    trace.registers[FIRST_TASK] = after
    trace.enter(23, rax=60, rdi=0x55)
    trace.exit()
    assert replay(trace.close()).complete
