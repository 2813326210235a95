"""Replay of what syscalls do to address spaces: seen by the program, which exits with what it finds in memory."""

from __future__ import annotations

import signal
from hashlib import sha256
from pathlib import Path

import pytest

from redrive.formats.events import (
    Advise,
    Effect,
    Extent,
    Image,
    ImageContent,
    ImageSize,
    ImageWrite,
    Map,
    Protect,
    Remap,
    Signal,
    SignalAction,
    SignalPoint,
    Unmap,
)
from redrive.replayer.replay import replay
from redrive.tracee import registers as regs
from tests.unit.replayer_traces import (
    CODE,
    FIRST_TASK,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    PAGE,
    TraceByHand,
    assemble,
)

HERE = 0x60_0000
THERE = 0x70_0000
MAP_SHARED = 1

STORE_TWICE_THEN_EXIT_WITH_BYTE = f"""
    mov $39, %eax
    syscall
    movl $0x01020304, {HERE}
    mov $39, %eax
    syscall
    movzbl {THERE + 3}, %edi
    mov $60, %eax
    syscall
"""
FIRST, SECOND, LAST = 7, 25, 40


def _mapping(address: int, *, flags: int = MAP_PRIVATE | MAP_ANONYMOUS, image: Image | None = None) -> Map:
    return Map(address, PAGE, 3, flags, image, "/a/file")


def _replay(folder: Path, before: tuple[Effect, ...], after: tuple[Effect, ...], found: int, blob: bytes = b"") -> None:
    """Effects before the program stores 01020304 at HERE and after it; it is to find ``found`` at THERE + 3."""
    trace = TraceByHand(folder / "trace")
    trace.writer.add_blob(blob)
    trace.execute(assemble(STORE_TWICE_THEN_EXIT_WITH_BYTE, folder))
    trace.syscall(FIRST, 0, effects=before, rax=39)
    trace.syscall(SECOND, 0, effects=after, rax=39)
    trace.enter(LAST, rax=60, rdi=found)
    trace.exit()
    assert replay(trace.close()).complete


def test_memory_moves(tmp_path: Path) -> None:
    _replay(tmp_path, (_mapping(HERE),), (Remap(HERE, PAGE, THERE, 2 * PAGE, 0),), 1)


def test_two_mappings_share_an_image(tmp_path: Path) -> None:
    shared = (
        ImageContent(5, PAGE, (), "/a/file"),
        _mapping(HERE, flags=MAP_SHARED, image=Image(5, 0)),
        _mapping(THERE, flags=MAP_SHARED, image=Image(5, 0)),
    )
    _replay(tmp_path, shared, (), 1)


def test_a_private_mapping_keeps_its_changes(tmp_path: Path) -> None:
    private = (
        ImageContent(5, PAGE, (), "/a/file"),
        _mapping(HERE, flags=MAP_PRIVATE, image=Image(5, 0)),
        _mapping(THERE, flags=MAP_SHARED, image=Image(5, 0)),
    )
    _replay(tmp_path, private, (), 0)


def test_contents_are_mapped_from_their_offset(tmp_path: Path) -> None:
    blob = bytes(PAGE) + b"abcd" * 1024
    content = ImageContent(5, 2 * PAGE, (Extent(0, len(blob), sha256(blob).digest()),), "/a/file")
    _replay(tmp_path, (content, _mapping(HERE)), (_mapping(THERE, image=Image(5, PAGE)),), ord("d"), blob)


def test_a_file_written_to_shows_in_its_mapping(tmp_path: Path) -> None:
    before = (
        ImageContent(5, PAGE, (), "/a/file"),
        _mapping(HERE),
        _mapping(THERE, flags=MAP_SHARED, image=Image(5, 0)),
    )
    _replay(tmp_path, before, (ImageWrite(5, 2, b"xyz"),), ord("y"))


def test_a_file_that_grows_can_be_read_where_it_grew(tmp_path: Path) -> None:
    before = (ImageContent(5, 0, (), "/a/file"), _mapping(HERE), _mapping(THERE, image=Image(5, 0)))
    _replay(tmp_path, before, (ImageSize(5, PAGE),), 0)


def test_advice_that_empties_memory(tmp_path: Path) -> None:
    before = (_mapping(HERE), _mapping(THERE))
    after = (Remap(HERE, PAGE, THERE, PAGE, 0), Advise(THERE, PAGE, 4))
    _replay(tmp_path, before, after, 0)


@pytest.mark.parametrize("effect", [Unmap(HERE, PAGE), Protect(HERE, PAGE, 1)])
def test_memory_taken_away_faults(tmp_path: Path, effect: Effect) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(STORE_TWICE_THEN_EXIT_WITH_BYTE, tmp_path), (_mapping(HERE),))
    trace.syscall(FIRST, 0, effects=(effect,), rax=39)
    at_fault = regs.replace(trace.registers[FIRST_TASK], orig_rax=-1, rip=CODE + FIRST)
    siginfo = bytes([signal.SIGSEGV]).ljust(128, b"\0")
    point, action = SignalPoint.FAULT, SignalAction.FATAL
    trace.write(Signal(FIRST_TASK, signal.SIGSEGV, siginfo, point, action, at_fault, b"", b"", (), b""))
    trace.exit(signal.SIGSEGV)
    assert replay(trace.close()).wait_status == signal.SIGSEGV
