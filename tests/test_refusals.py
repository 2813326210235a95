"""What cannot be recorded ends the recording with a sentence, and what came before it replays."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redrive_command import Redrive


def test_32_bit_syscalls(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    program = launcher("compatibility_calls")
    if b"no 32-bit" in redrive.native(program).stdout:
        pytest.skip("this kernel has no 32-bit syscalls")
    archive = redrive.folder / "trace"
    recording = redrive.record(archive, program)
    assert recording.status == 1 and b"32-bit" in recording.said, str(recording)
    redrive.replay_repeats(archive, recording)


def elf_of_32_bits(code: bytes) -> bytes:
    """A program of one segment, for i386 (System V ABI, figures 4-3 and 5-1)."""
    base, headers = 0x0804_8000, 52 + 32
    size = headers + len(code)
    identification = b"\x7fELF\x01\x01\x01" + bytes(9)
    head = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + headers, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 0x1000)
    return identification + head + segment + code


def test_32_bit_programs(redrive: Redrive) -> None:
    program, archive = redrive.folder / "program", redrive.folder / "trace"
    program.write_bytes(elf_of_32_bits(b"\xb8\x01\x00\x00\x00\x31\xdb\xcd\x80"))  # exit(0)
    program.chmod(0o755)
    started_by_a_shell = ("sh", "-c", "echo before; ./program")
    if redrive.native(*started_by_a_shell).status != 0:
        pytest.skip("this kernel runs no 32-bit programs")
    recording = redrive.record(archive, *started_by_a_shell)
    assert recording.status == 1 and b"executes a 32-bit program" in recording.said, str(recording)
    redrive.replay_repeats(archive, recording)
