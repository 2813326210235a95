"""Events as lines and as JSON: whatever a trace holds, they can be shown."""

from __future__ import annotations

import json

import pytest
from formats_samples import every_event
from hypothesis import given

from redrive.formats.errors import DamagedArchive
from redrive.formats.events import EVENT_CODES, Event, Signal, SignalAction, SignalPoint, Syscall, Trap, TrapCause
from redrive.tools.event_json import event_json
from redrive.tools.event_text import EventText, register_rows
from redrive.tracee import registers as regs

ENTRY = regs.replace(bytes(regs.SIZE), rdi=3, rsi=0x7000, rdx=100, rip=0x1234)


@given(every_event)
def test_every_event_is_one_printable_line(event: Event) -> None:
    try:
        line = EventText().line(event)
    except DamagedArchive:
        return
    assert line
    assert line.isprintable()


@given(every_event)
def test_every_event_is_one_json_object_with_all_its_fields(event: Event) -> None:
    try:
        line = event_json(7, event)
    except DamagedArchive:
        return
    assert "\n" not in line
    decoded = json.loads(line)
    assert decoded["event"] == 7
    assert decoded["kind"] in {kind.__name__ for kind in EVENT_CODES}
    assert set(event._fields) <= set(decoded)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            Syscall(1, 0, ENTRY, 2, ((0x7000, b"hi"),), (), (), b""),
            'read(3, 0x7000, 100) = 2 [0x7000: "hi"]',
        ),
        (
            Syscall(1, 0, ENTRY, -9, (), (), (), b""),
            "read(3, 0x7000, 100) = -1 EBADF (Bad file descriptor)",
        ),
        (
            Syscall(1, 0, ENTRY, 40, ((0x7000, b"x" * 40), (1, b""), (2, b""), (3, b"")), (), (), b""),
            f'read(3, 0x7000, 100) = 40 [0x7000: "{"x" * 32}"..., 0x1: "", 0x2: "", and 1 more]',
        ),
        (
            Syscall(1, 1000, ENTRY, 0, (), (), (), b""),
            "syscall_1000(0x3, 0x7000, 0x64, 0x0, 0x0, 0x0) = 0",
        ),
        (
            Signal(1, 14, bytes(128), SignalPoint.BOUNDARY, SignalAction.HANDLER, ENTRY, ENTRY, b"", (), b""),
            "--- SIGALRM (boundary 0x1234): handler at 0x1234 ---",
        ),
        (
            Signal(1, 11, bytes(128), SignalPoint.FAULT, SignalAction.FATAL, ENTRY, b"", b"", (), b""),
            "--- SIGSEGV (fault 0x1234): fatal ---",
        ),
        (
            Trap(1, TrapCause.RDTSC, ENTRY, regs.replace(ENTRY, rax=5, rdx=6), (), b""),
            "--- rdtsc at 0x1234: rdx=0x6 rax=0x5 ---",
        ),
    ],
)
def test_lines(event: Event, line: str) -> None:
    assert EventText().line(event) == line


def test_all_registers_are_shown() -> None:
    shown = " ".join(register_rows(ENTRY)).split()
    assert dict(zip(shown[::2], (int(value, 16) for value in shown[1::2]), strict=True)) == regs.unpack(ENTRY)
