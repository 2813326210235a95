"""A small archive of made-up events, as a recorder would have written it, for tests of what looks at archives."""

from __future__ import annotations

import signal
from pathlib import Path

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Clone, Exec, Exit, Note, Syscall, SyscallEntry, SyscallExit
from redrive.formats.outcome import Outcome
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.tracee import registers as regs
from tests.unit.formats_samples import HEADER

ENTRY = regs.replace(bytes(regs.SIZE), rdi=3, rsi=0x7000, rdx=5, orig_rax=0, rip=0x401000)
STOPS = encode_stop(Stop(StopKind.SYSCALL_ENTRY, StopRegisters.FIRST, 0)) + encode_stop(
    Stop(StopKind.SYSCALL_EXIT, StopRegisters.SECOND, 0)
)
READ, WAIT4, GETPID = 0, 61, 39
EVENTS = (
    Exec(100, 100, b"/bin/sh", (b"sh", b"-c", b"true\x1b[31m"), (b"A=1",), ENTRY, b"", 8 << 20, (), (), b""),
    Syscall(100, READ, ENTRY, 5, ((0x7000, b"hello"),), (), (), STOPS),
    SyscallEntry(100, 57, ENTRY, (), (), b""),
    Clone(100, 101, 17, ENTRY, (), b""),
    SyscallExit(100, 57, 101, b"", (), (), b""),
    Syscall(101, GETPID, ENTRY, 101, (), (), (), b""),
    Note(101, "an ioctl\n that nobody knows"),
    Exit(101, signal.SIGKILL, (), b""),
    Syscall(100, READ, ENTRY, -9, (), (), (), b""),
    Exit(100, 0x300, (), b""),
)


def write_archive(path: Path) -> None:
    """A trace of a shell with one child, as a recorder would have written it."""
    header = HEADER._replace(
        command=(b"sh", b"-c", b"true\x1b[31m"),
        environment=(b"A=1", b"PROMPT=\x1b]0;title\x07"),
        start_time=1700000000.0,
    )
    writer = ArchiveWriter(path, header)
    for event in EVENTS:
        writer.write(event)
    writer.close(Outcome(True, "", 1700000001.5, 0x300, {}))
