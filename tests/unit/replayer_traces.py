"""Traces made by hand: a few instructions of machine code, and the events a recorder would have written of them."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import (
    Effect,
    Event,
    Exec,
    Exit,
    Extent,
    Image,
    ImageContent,
    Map,
    Syscall,
    SyscallEntry,
    SyscallExit,
    Writes,
)
from redrive.formats.header import CpuIdentification, CpuidLeaf, Header
from redrive.formats.outcome import Outcome
from redrive.tracee import registers as regs
from tests.unit.formats_samples import HEADER

CODE = 0x40_0000
DATA = 0x50_0000
STACK = 0x7000_0000_0000
PAGE = 4096
FIRST_TASK = 4711
MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN = 0x02, 0x20, 0x100

START = regs.replace(bytes(regs.SIZE), rip=CODE, rsp=STACK, orig_rax=-1, cs=0x33, ss=0x2B, eflags=0x202)


def assemble(source: str, folder: Path) -> bytes:
    """The machine code of AT&T assembly that runs at CODE."""
    compiler = shutil.which("gcc") or "cc"
    (folder / "code.s").write_text(source)
    program = ["-nostdlib", "-static", "-Wl,--build-id=none", f"-Wl,-Ttext={CODE:#x}", "-Wl,-e,0"]
    subprocess.run([compiler, *program, "-o", "code.elf", "code.s"], cwd=folder, check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", "code.elf", "code.bin"], cwd=folder, check=True)
    return (folder / "code.bin").read_bytes()


def header(
    cpuid: Sequence[CpuidLeaf] = (), features: dict[str, bool | int | str] | None = None, names: tuple[str, ...] = ()
) -> Header:
    """A header of a machine that shows these cpuid answers."""
    return HEADER._replace(
        features={"cpuid_faulting": True} if features is None else features,
        cpu=CpuIdentification("GenuineIntel", "a CPU", 6, 1, 1, names, 7, tuple(cpuid)),
        command=(b"by-hand",),
        working_directory=b"/",
        environment=(),
        options={},
    )


def entered(registers: bytes, after: int, **arguments: int) -> bytes:
    """Registers at a syscall-entry: from those before it, the address after the instruction and what else changed."""
    before = regs.replace(registers, **arguments)
    at = regs.unpack(before)
    return regs.replace(before, orig_rax=at["rax"], rax=-errno.ENOSYS, rcx=after, r11=at["eflags"], rip=after)


class TraceByHand:
    """Writes an archive; keeps each task's registers, so that an event says only what changes."""

    def __init__(self, path: Path, archive_header: Header | None = None) -> None:
        self.path = path
        self.writer = ArchiveWriter(path, archive_header or header())
        self.registers: dict[int, bytes] = {}

    def execute(
        self, code: bytes, effects: tuple[Effect, ...] = (), writes: Writes = (), task: int = FIRST_TASK, image: int = 1
    ) -> None:
        """Begin with the code at CODE, a page of zeros at DATA and a stack that grows."""
        content = code.ljust(PAGE, b"\0")
        digest = self.writer.add_blob(content)
        own: tuple[Effect, ...] = (
            ImageContent(image, PAGE, (Extent(0, PAGE, digest),), "/bin/by-hand"),
            Map(CODE, PAGE, 5, MAP_PRIVATE, Image(image, 0), "/bin/by-hand"),
            Map(DATA, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, None, ""),
            Map(STACK - PAGE, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, None, "[stack]"),
        )
        stack_limit = 8 << 20
        self.write(
            Exec(task, task, b"/bin/by-hand", (b"by-hand",), (), START, b"", stack_limit, own + effects, writes, b"")
        )
        self.registers[task] = START

    def write(self, event: Event) -> None:
        """An event as it is."""
        self.writer.write(event)

    def syscall(
        self,
        after: int,
        result: int,
        writes: Writes = (),
        effects: tuple[Effect, ...] = (),
        task: int = FIRST_TASK,
        **changed: int,
    ) -> None:
        """A whole syscall whose instruction ends at CODE + ``after``; ``changed`` are the registers set before it."""
        entry = entered(self.registers[task], CODE + after, **changed)
        self.write(Syscall(task, regs.get(entry, "orig_rax"), entry, result, writes, effects, (), b""))
        self.registers[task] = regs.replace(entry, rax=result)

    def syscall_without_number(self, after: int, result: int, **changed: int) -> None:
        """A whole syscall as a kernel shows it that has lost the number: -1 in orig_rax."""
        entry = regs.replace(entered(self.registers[FIRST_TASK], CODE + after, **changed), orig_rax=-1)
        self.write(Syscall(FIRST_TASK, -1, entry, result, (), (), (), b""))
        self.registers[FIRST_TASK] = regs.replace(entry, rax=result)

    def enter(self, after: int, task: int = FIRST_TASK, **changed: int) -> None:
        """The entry of a syscall in which something else happens."""
        entry = entered(self.registers[task], CODE + after, **changed)
        self.write(SyscallEntry(task, regs.get(entry, "orig_rax"), entry, (), (), b""))
        self.registers[task] = entry

    def leave(self, result: int, writes: Writes = (), effects: tuple[Effect, ...] = (), task: int = FIRST_TASK) -> None:
        """The exit of the syscall that was entered."""
        number = regs.get(self.registers[task], "orig_rax")
        self.write(SyscallExit(task, number, result, b"", writes, effects, b""))
        self.registers[task] = regs.replace(self.registers[task], rax=result)

    def exit(self, status: int = 0, task: int = FIRST_TASK) -> None:
        """The end of a task."""
        self.write(Exit(task, status, (), b""))
        del self.registers[task]

    def close(self, *, complete: bool = True) -> Path:
        """Finish the archive."""
        self.writer.close(Outcome(complete, "" if complete else "cut by hand", 1.0, 0 if complete else None, {}))
        return self.path
