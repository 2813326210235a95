"""Writes tests/fuzz/corpus: small archives with one of everything in them, from which mutations start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from redrive.formats import background_writer, events
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.blobs import blob_digest
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from tests.unit.formats_samples import HEADER, OUTCOME

REGISTERS = bytes(216)
BLOB = b"\x7fELF of a small program"
STOPS = encode_stop(Stop(StopKind.SECCOMP, StopRegisters.FIRST, 0)) + encode_stop(
    Stop(StopKind.SYSCALL_EXIT, StopRegisters.OWN, 7, REGISTERS)
)
EFFECTS = (
    events.ImageContent(1, len(BLOB), (events.Extent(0, len(BLOB), blob_digest(BLOB)),), "/bin/program"),
    events.Map(0x400000, 4096, 5, 2, events.Image(1, 0), "/bin/program"),
    events.Map(0x7000000, 8192, 3, 0x22, None, "[stack]"),
    events.Unmap(0x400000, 4096),
    events.Protect(0x7000000, 4096, 1),
    events.Remap(0x7000000, 4096, 0x8000000, 8192, 0),
    events.Advise(0x8000000, 4096, 4),
    events.ImageWrite(1, 3, b"written"),
    events.ImageSize(1, 10),
    events.WriteTo(101, 0x8000000, b"other"),
    events.Echo(1, ((0x8000000, 5),), b"hello"),
)
WRITES = ((0x8000000, b"hello"), (0x8000100, b"\xff\xfe"))
SYSCALLS = (0, 1, 7, 9, 13, 16, 20, 42, 45, 47, 56, 59, 61, 72, 157, 202, 228, 257, 270, 310, 332, 435, 1000)
"""Some that show pointers of many kinds: structures, vectors, messages, texts, flags; and one that nobody knows."""


def every_event() -> Iterator[events.Event]:
    """One event of each kind, and syscalls of many kinds."""
    arguments, environment = (b"program", b"\x1b[31m"), (b"A=1", b"B=\xff")
    path = b"/bin/program"
    yield events.Exec(100, 100, path, arguments, environment, REGISTERS, b"x" * 64, 8 << 20, EFFECTS, WRITES, STOPS)
    for number in SYSCALLS:
        yield events.Syscall(100, number, REGISTERS, 5, WRITES, (), ((1, b"/etc/passwd"), (2, bytes(32))), STOPS)
    yield events.Syscall(100, 9, REGISTERS, REGISTERS, (), EFFECTS, (), b"")
    yield events.SyscallEntry(100, 56, REGISTERS, (), (), b"")
    yield events.Clone(100, 101, 17, REGISTERS, WRITES, STOPS)
    yield events.SyscallExit(100, 56, 101, b"", WRITES, (), STOPS)
    yield events.Restart(100, REGISTERS)
    yield events.Signal(100, 11, bytes(128), 2, 1, REGISTERS, REGISTERS, b"x" * 64, WRITES, STOPS)
    yield events.Trap(100, 1, REGISTERS, REGISTERS, (), STOPS)
    yield events.Stopped(100, STOPS)
    yield events.Note(100, "a note")
    yield events.VectorState(100, b"x" * 64)
    yield events.Landmark(101, REGISTERS, b"x" * 64, b"\x48\x89\xc8", ((1, 8), (2, 0x8000000)), WRITES, 5000, STOPS)
    yield events.Exit(101, 9, (), STOPS)
    yield events.Exit(100, 0x300, (), b"")


def write(path: Path, *, frame_size: int, piece_size: int) -> bytes:
    """One archive; its bytes."""
    background_writer.FRAME_SIZE, background_writer.PIECE_SIZE = frame_size, piece_size
    path.unlink(missing_ok=True)
    writer = ArchiveWriter(path, HEADER)
    writer.add_blob(BLOB)
    for event in every_event():
        writer.write(event)
    writer.close(OUTCOME)
    return path.read_bytes()


def main(folder: Path) -> None:
    """All archives of the corpus."""
    write(folder / "frames.redrive", frame_size=1500, piece_size=1 << 20)
    write(folder / "pieces.redrive", frame_size=1 << 20, piece_size=400)
    whole = write(folder / "whole.redrive", frame_size=1 << 20, piece_size=1 << 20)
    (folder / "cut.redrive").write_bytes(whole[: len(whole) * 2 // 3])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
