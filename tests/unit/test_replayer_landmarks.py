"""Replay of landmarks: points in running code, found by what was recorded of them, or said not to be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redrive.formats.events import Clue, Landmark
from redrive.replayer import landmarks
from redrive.replayer.divergence import Divergence
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.replay import replay
from redrive.tracee import registers as regs
from tests.unit.replayer_traces import CODE, DATA, FIRST_TASK, TraceByHand, assemble

COUNTS_TWICE = f"""
    lea 1(%rbp), %rbp
    addq $1, {DATA:#x}
    cmpq $100000, {DATA:#x}
    jne {CODE:#x}
    mov $60, %eax
    syscall
"""
AT_COMPARISON, COMPARISON = 13, 12
ENDLESS = f"""
    addq $1, {DATA:#x}
    nopl 0x100(%rax)
    jmp {CODE:#x}
"""
AT_NOP, NOP = 9, bytes.fromhex("0f1f8000010000")
X87_AND_SSE_AS_AT_START = 576


def _xstate() -> bytes:
    area = bytearray(X87_AND_SSE_AS_AT_START)
    area[24:28] = (0x1F80).to_bytes(4, "little")
    return bytes(area)


def _landmark(
    trace: TraceByHand, offset: int, code: bytes, counter: int, witnesses: tuple[tuple[int, bytes], ...] = ()
) -> Landmark:
    """The point at an offset of the code when the counter in memory has a value."""
    flags = 0x202 | (0x4 if bin(counter & 0xFF).count("1") % 2 == 0 else 0) | (0x10 if counter & 0xF == 0 else 0)
    registers = regs.replace(trace.registers[FIRST_TASK], rip=CODE + offset, rbp=counter, eflags=flags, orig_rax=-1)
    witnesses = witnesses or ((DATA, counter.to_bytes(8, "little")),)
    return Landmark(FIRST_TASK, registers, _xstate(), code, ((Clue.MEMORY, DATA),), witnesses, 1000, b"")


@pytest.mark.parametrize("by_breakpoint", [False, True], ids=["by a jump", "by a debug register"])
def test_the_point_is_found(by_breakpoint: bool, tmp_path: Path) -> None:
    counter = 500 if by_breakpoint else 54321
    trace = TraceByHand(tmp_path / "trace")
    code = assemble(COUNTS_TWICE, tmp_path)
    trace.execute(code)
    instruction = b"" if by_breakpoint else code[AT_COMPARISON : AT_COMPARISON + COMPARISON]
    trace.write(_landmark(trace, AT_COMPARISON, instruction, counter))
    trace.write(_landmark(trace, AT_COMPARISON, instruction, counter + 7))
    # Had a search stopped elsewhere, what counts in the register would not end with what counts in memory.
    trace.enter(len(code), rax=60, rbp=100_000, eflags=0x246)
    trace.exit(0)
    assert replay(trace.close()).complete


def test_a_program_that_goes_past_the_point_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    code = assemble(COUNTS_TWICE, tmp_path)
    trace.execute(code)
    trace.write(_landmark(trace, AT_COMPARISON, code[AT_COMPARISON : AT_COMPARISON + COMPARISON], 100001))
    with pytest.raises(Divergence, match="event 1: .* Landmark(?s:.*)the point in running code that was recorded"):
        replay(trace.close(complete=False))


@pytest.mark.parametrize("by_breakpoint", [False, True], ids=["by a jump", "by a debug register"])
def test_a_search_without_end_is_given_up(by_breakpoint: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "_LEAST_TIME", 0.3)
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(ENDLESS, tmp_path))
    nothing = ((DATA, b"\xff" * 8),)
    trace.write(_landmark(trace, AT_NOP, b"" if by_breakpoint else NOP, 0, nothing))
    with pytest.raises(Divergence, match=re.escape("within 0 s of CPU time")):
        replay(trace.close(complete=False))


COUNTS_FAR_AWAY = f"""
    addq $1, {DATA + 0xE00:#x}
    nopl 0x100(%rax)
    jmp {CODE:#x}
"""


def test_what_told_the_point_from_another_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    is_there = landmarks._Search._is_there

    def counted(search: landmarks._Search, seen: bytes) -> bool:
        looks.append(seen)
        return is_there(search, seen)

    monkeypatch.setattr(landmarks._Search, "_is_there", counted)
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(COUNTS_FAR_AWAY, tmp_path))
    # More words than the code has room for come before the one that counts.
    witness = bytes(0xE00) + (4000).to_bytes(8, "little") + bytes(0x1F8)
    event = _landmark(trace, AT_NOP, NOP, 4000, ((DATA, witness),))
    trace.write(event._replace(registers=regs.replace(event.registers, rbp=0), clues=()))
    trace.exit(9)
    assert replay(trace.close()).wait_status == 9
    assert len(looks) < 10


def test_more_memory_than_a_recorder_keeps_is_refused(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(ENDLESS, tmp_path))
    trace.write(_landmark(trace, AT_NOP, NOP, 0, ((DATA, bytes(1 << 17)),)))
    with pytest.raises(UntrustworthyTrace, match="131072 bytes of memory"):
        replay(trace.close(complete=False))
