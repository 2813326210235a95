"""Events as people read them: one line each, after strace's manner."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatchmethod

from redrive.formats.events import (
    Clone,
    Event,
    Exec,
    Exit,
    Inputs,
    Landmark,
    Note,
    Restart,
    Signal,
    SignalAction,
    SignalPoint,
    Stopped,
    Syscall,
    SyscallEntry,
    SyscallExit,
    Trap,
    TrapCause,
    VectorState,
    Writes,
)
from redrive.formats.stops import StopRegisters, decode_stops
from redrive.tools.escaping import escape, escape_bytes, escape_command, shorten_command
from redrive.tools.process_tree import CLONE_THREAD, LONGEST_COMMAND
from redrive.tools.wait_status import describe, signal_name
from redrive.tracee import registers as regs
from redrive.tracee.syscalls import find, name_of, render, unknown_render
from redrive.tracee.syscalls.shown import quoted

FIRST_REGISTERS = ("entry", "registers", "before")
SECOND_REGISTERS = ("exit", "handler_registers", "after")
PREVIEW_SIZE = 32
"""Of each extent that the kernel wrote, so many bytes are shown."""
_UNFINISHED_AT_MOST = 1024
"""So many syscalls' arguments are remembered; a trace of strangers may begin any number."""
PREVIEW_COUNT = 3
"""So many extents are shown."""


class EventText:
    """Turns events into lines; remembers each task's unfinished syscall, whose arguments its end does not repeat."""

    def __init__(self) -> None:
        self._unfinished: dict[int, SyscallEntry] = {}

    @singledispatchmethod
    def line(self, event: Event) -> str:
        """One printable line, without number and task."""
        raise TypeError(f"{type(event).__name__} is no event")

    @line.register
    def _(self, event: Syscall) -> str:
        return syscall_text(event.entry, event.number, event.inputs, result_of(event.exit), event.writes)

    @line.register
    def _(self, event: SyscallEntry) -> str:
        if len(self._unfinished) == _UNFINISHED_AT_MOST and event.task not in self._unfinished:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[event.task] = event._replace(writes=(), stops=b"")
        return f"{syscall_text(event.entry, event.number, event.inputs, None, ())} <unfinished ...>"

    @line.register
    def _(self, event: SyscallExit) -> str:
        begun = self._unfinished.pop(event.task, None)
        if begun is None:
            return f"<... {name_of(event.number)} resumed> = {result_of(event.exit)}"
        whole = syscall_text(begun.entry, begun.number, begun.inputs, result_of(event.exit), event.writes)
        return f"<... resumed> {whole}"

    @line.register
    def _(self, event: Exec) -> str:
        arguments = escape_command(shorten_command(event.arguments, LONGEST_COMMAND))
        return f"=== runs {escape_bytes(event.path)}: {arguments} ({len(event.environment)} variables) ==="

    @line.register
    def _(self, event: Clone) -> str:
        return f"=== new {'thread' if event.flags & CLONE_THREAD else 'process'} {event.child} ==="

    @line.register
    def _(self, event: Restart) -> str:
        return f"--- the syscall is restarted at {regs.get(event.registers, 'rip'):#x} ---"

    @line.register
    def _(self, event: Signal) -> str:
        action = SignalAction(event.action)
        what = action.name.lower()
        if event.handler_registers:
            what = f"handler at {regs.get(event.handler_registers, 'rip'):#x}"
        point = SignalPoint(event.point).name.lower()
        return f"--- {signal_name(event.signal)} ({point} {regs.get(event.registers, 'rip'):#x}): {what} ---"

    @line.register
    def _(self, event: Trap) -> str:
        cause = TrapCause(event.cause)
        names = {TrapCause.CPUID: ("rax", "rbx", "rcx", "rdx"), TrapCause.VSYSCALL: ("rax",)}.get(cause, ("rdx", "rax"))
        values = " ".join(f"{name}={regs.get(event.after, name):#x}" for name in names)
        return f"--- {cause.name.lower()} at {regs.get(event.before, 'rip'):#x}: {values} ---"

    @line.register
    def _(self, event: Exit) -> str:
        self._unfinished.pop(event.task, None)
        return f"+++ {describe(event.status)} +++"

    @line.register
    def _(self, event: Stopped) -> str:
        kinds = ", ".join(stop.kind.name.lower().replace("_", " ") for stop in decode_stops(event.stops))
        return f"--- stopped: {kinds} ---"

    @line.register
    def _(self, event: VectorState) -> str:
        return f"--- vector registers kept: {len(event.xstate)} bytes ---"

    @line.register
    def _(self, event: Landmark) -> str:
        return (
            f"--- held at {regs.get(event.registers, 'rip'):#x}, after at most {event.ran / 1e6:.1f} ms of running ---"
        )

    @line.register
    def _(self, event: Note) -> str:
        return f"# {escape(event.text)}"


def result_of(exit_: int | bytes) -> int:
    """A syscall's result as a signed number, whether all registers were kept or only this."""
    return exit_ if isinstance(exit_, int) else regs.get_signed(exit_, "rax")


def syscall_text(entry: bytes, number: int, inputs: Inputs, result: int | None, writes: Writes) -> str:
    """The call with its arguments, and with its result unless that is None."""
    arguments = [regs.get(entry, name) for name in regs.ARGUMENTS]
    row = find(number, arguments)
    call = unknown_render(number, arguments, result) if row is None else render(row, arguments, result, inputs)
    return f"{call} {writes_text(writes)}" if writes else call


def writes_text(writes: Writes) -> str:
    """What the kernel wrote to memory, the beginnings of the first few extents: `[0x7000: "hello"]`."""
    texts = [
        f"{address:#x}: {quoted(data[:PREVIEW_SIZE])}{'...' if len(data) > PREVIEW_SIZE else ''}"
        for address, data in writes[:PREVIEW_COUNT]
    ]
    if len(writes) > PREVIEW_COUNT:
        texts.append(f"and {len(writes) - PREVIEW_COUNT} more")
    return f"[{', '.join(texts)}]"


def stop_lines(event: Event) -> Iterator[str]:
    """The raw ptrace-stops behind an event, each with its registers below it; nothing for events that keep none."""
    for stop in decode_stops(getattr(event, "stops", b"")):
        yield f"stop {stop.kind.name.lower().replace('_', '-')} {stop.value:#x}"
        if stop.source is StopRegisters.NONE:
            yield "  registers could not be read"
            continue
        for row in register_rows(stop.registers or _registers_of(event, stop.source)):
            yield f"  {row}"


def _registers_of(event: Event, source: StopRegisters) -> bytes:
    """The registers that a stop shares with its event."""
    names = FIRST_REGISTERS if source is StopRegisters.FIRST else SECOND_REGISTERS
    value = next((getattr(event, name) for name in names if hasattr(event, name)), b"")
    if isinstance(value, bytes):
        return value
    entry: bytes = event.entry if isinstance(event, Syscall) else b""
    return regs.replace(entry, rax=value) if entry else b""


def register_rows(registers: bytes) -> Iterator[str]:
    """All 27 registers, four a row."""
    if not registers:
        return
    words = [f"{name:>8} {value:016x}" for name, value in regs.unpack(registers).items()]
    for first in range(0, len(words), 4):
        yield " ".join(words[first : first + 4])
