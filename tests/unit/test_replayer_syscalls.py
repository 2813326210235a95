"""Replay of syscalls: registers compared, results and memory restored, output written again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from redrive.formats.events import Echo
from redrive.formats.header import CpuidLeaf
from redrive.replayer.divergence import Divergence
from redrive.replayer.replay import replay
from redrive.tracee.kernel import probe
from tests.unit.replayer_traces import CODE, DATA, FIRST_TASK, PAGE, STACK, TraceByHand, assemble, header

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


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_another_register_is_a_divergence(tmp_path: Path, force_breakpoints: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=39)
    trace.enter(16, rax=60, rdi=4712)
    trace.exit()
    with pytest.raises(Divergence) as raised:
        replay(trace.close(), force_breakpoints=force_breakpoints)
    text = str(raised.value)
    assert f"event 2: task {FIRST_TASK} SyscallEntry exit" in text
    assert "rdi      0x0000000000001268  0x0000000000001267" in text
    assert f"at          {CODE + 16:#x}, /bin/by-hand + 0x10" in text
    assert "other register values" in text
    assert f"1: task {FIRST_TASK} Syscall getpid = 0x1267" in text


def test_features_that_cannot_be_hidden_are_named(tmp_path: Path) -> None:
    """The header of a trace by hand says that its CPU had none."""
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=40)
    with pytest.raises(Divergence) as raised:
        replay(trace.close(complete=False))
    named = "this CPU    shows features that the recording one had not, and cannot hide: " in str(raised.value)
    assert named == (not probe().cpuid_faulting)


def test_features_that_code_may_have_seen_are_named(tmp_path: Path) -> None:
    """A recording CPU that has all features: some were hidden where cpuid was intercepted, and seen elsewhere."""
    if probe().cpuid_faulting:
        pytest.skip("cpuid is answered from the header here")
    everything = CpuidLeaf(7, 0, 0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF)
    trace = TraceByHand(tmp_path / "trace", header((everything,), {"cpuid_faulting": False, "cpuid_planted": True}))
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=40)
    # Of Intel's Xeon Phi alone.
    with pytest.raises(Divergence, match="this CPU    lacks features .*avx512er"):
        replay(trace.close(complete=False))


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_another_syscall_is_a_divergence(tmp_path: Path, force_breakpoints: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=40)
    trace.exit()
    with pytest.raises(Divergence, match="reached with another number"):
        replay(trace.close(), force_breakpoints=force_breakpoints)


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_a_number_that_the_recording_kernel_lost_may_be_any(tmp_path: Path, force_breakpoints: bool) -> None:
    """Linux 3.19 to 4.7, and a filter that answers the call: see redrive.replayer.comparison."""
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall_without_number(7, -1, rax=39)
    trace.enter(16, rax=60, rdi=0xFFFF_FFFF)
    trace.exit()
    assert replay(trace.close(), force_breakpoints=force_breakpoints).events == 4


@pytest.mark.parametrize("force_breakpoints", [False, True])
def test_of_a_call_without_number_all_else_is_compared(tmp_path: Path, force_breakpoints: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall_without_number(7, -1, rax=39, rbx=1)
    trace.exit()
    with pytest.raises(Divergence, match="rbx      0x0000000000000001  0x0000000000000000"):
        replay(trace.close(), force_breakpoints=force_breakpoints)


READ_THEN_EXIT_WITH_BYTE = f"""
    mov ${DATA:#x}, %esi
    syscall
    movzbl 3(%rsi), %edi
    mov $60, %eax
    syscall
"""


def test_memory_reaches_the_program(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(READ_THEN_EXIT_WITH_BYTE, tmp_path))
    trace.syscall(7, 4, ((DATA, b"abcd"),), rsi=DATA)
    trace.enter(18, rax=60, rdi=ord("d"))
    trace.exit()
    assert replay(trace.close()).events == 4


READ_BELOW_STACK_THEN_EXIT_WITH_BYTE = f"""
    mov ${STACK - 5 * PAGE:#x}, %rsi
    syscall
    movzbl 3(%rsi), %edi
    mov $60, %eax
    syscall
"""


def test_the_kernel_grows_the_stack_for_its_own_writes(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(READ_BELOW_STACK_THEN_EXIT_WITH_BYTE, tmp_path))
    trace.syscall(12, 2 * PAGE, ((STACK - 5 * PAGE, b"abcd" * (PAGE // 2)),), rsi=STACK - 5 * PAGE)
    trace.enter(23, rax=60, rdi=ord("d"))
    trace.exit()
    assert replay(trace.close()).events == 4


def test_memory_that_is_not_there_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(READ_THEN_EXIT_WITH_BYTE, tmp_path))
    trace.syscall(7, 4, ((DATA + 2 * PAGE, b"abcd"),), rsi=DATA)
    with pytest.raises(Divergence, match=f"4 bytes of memory at {DATA + 2 * PAGE:#x}"):
        replay(trace.close(complete=False))


@pytest.mark.parametrize("quiet", [False, True])
def test_output_is_written_again(tmp_path: Path, capfd: pytest.CaptureFixture[str], quiet: bool) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(
        assemble(READ_THEN_EXIT_WITH_BYTE, tmp_path), writes=((DATA, b"in memory, "), (STACK - 8, b"twice, "))
    )
    pieces = ((DATA, 11), (STACK - 8, 7))
    trace.syscall(7, 0, effects=(Echo(1, pieces, b"and not\n"), Echo(2, (), b"error\n")), rsi=DATA)
    trace.enter(18, rax=60, rdi=ord("m"))
    trace.exit()
    replay(trace.close(), quiet=quiet)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == (("", "") if quiet else ("in memory, twice, and not\n", "error\n"))


def test_a_reader_that_has_gone_does_not_end_the_replay(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, effects=(Echo(1, (), b"x" * 100), Echo(1, (), b"y")), rax=39)
    trace.enter(16, rax=60, rdi=4711)
    trace.exit()
    path = trace.close()
    reading, writing = os.pipe()
    os.close(reading)
    stdout = os.dup(1)
    os.dup2(writing, 1)
    try:
        assert replay(path).events == 4
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(writing)


def test_an_incomplete_trace_says_so(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(GETPID_THEN_EXIT, tmp_path))
    trace.syscall(7, 4711, rax=39)
    result = replay(trace.close(complete=False))
    assert (result.events, result.wait_status, result.complete) == (2, None, False)
    assert "cut by hand" in result.reason
