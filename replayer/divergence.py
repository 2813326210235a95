"""The report of a replay that did not go as recorded."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterable, Iterator, Sequence

from redrive.formats.events import Event, Exit, Landmark, Restart, Signal, Syscall, SyscallEntry, SyscallExit, Trap
from redrive.replayer.causes import likely_cause
from redrive.replayer.comparison import is_in_syscall, same_in_syscall
from redrive.replayer.images import Images
from redrive.replayer.mismatch import Mismatch
from redrive.replayer.symbols import nearest_symbol
from redrive.replayer.task import Task
from redrive.tracee import registers as regs
from redrive.tracee.errors import TraceeError
from redrive.tracee.mappings import Mapping, find_mapping, read_mappings
from redrive.tracee.syscalls import name_of

_INSTRUCTION_BYTES = 16
_REGISTERS_A_LINE = 3


class Divergence(Exception):
    """Replay saw something else than was recorded; str() is the whole report, of many lines."""


def report(
    mismatch: Mismatch, recent: Iterable[tuple[int, Event]], images: Images, differences: Sequence[str] = ()
) -> str:
    """All that is known about a divergence at the last of the ``recent`` (number, event) pairs.

    ``differences``: what this CPU may show that the recording one did not.
    """
    last_events = []
    for number, event in recent:
        last_events.append(f"    {number}: {describe_event(event)}")
    task = mismatch.task
    seen = mismatch.seen or _first_registers(event)
    lines = [
        f"the replay went another way than the recording, at event {number}: {describe_event(event)}",
        f"expected    {mismatch.expected}",
        f"seen        {describe_stop(task, seen)}",
        f"likely      {likely_cause(event, task, mismatch.recorded, seen)}",
    ]
    lines += [f"this CPU    {difference}" for difference in differences]
    if seen:
        lines += _place(task, regs.get(seen, "rip"), images)
        lines += _registers(mismatch.recorded, seen)
    return "\n".join([*lines, "last events", *last_events])


def describe_event(event: Event) -> str:
    """One event in a few words."""
    name = type(event).__name__
    words = [f"task {event.task}", name]
    if isinstance(event, Syscall | SyscallEntry | SyscallExit):
        words.append(name_of(event.number))
    if isinstance(event, Syscall | SyscallExit) and isinstance(event.exit, int):
        failed = -4096 < event.exit < 0
        words.append(f"= -{errno.errorcode.get(-event.exit, -event.exit)}" if failed else f"= {event.exit:#x}")
    if isinstance(event, Signal):
        words.append(_signal_name(event.signal))
    if isinstance(event, Exit):
        words.append(describe_status(event.status))
    registers = _first_registers(event)
    if registers:
        words.append(f"at {regs.get(registers, 'rip'):#x}")
    return " ".join(words)


def describe_stop(task: Task, seen: bytes) -> str:
    """What a task's latest stop was, with the registers seen there."""
    status = task.tracee.stop.status
    if not os.WIFSTOPPED(status):
        return f"the kernel task is gone: {describe_status(status)}"
    if seen and is_in_syscall(seen):
        return f"the syscall {name_of(regs.get(seen, 'orig_rax'))}"
    if status >> 16:
        return f"ptrace event {status >> 16}"
    return f"signal {_signal_name(os.WSTOPSIG(status))}"


def describe_status(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        return f"killed by {_signal_name(os.WTERMSIG(status))}"
    return f"exit {os.WEXITSTATUS(status)}"


def _first_registers(event: Event) -> bytes:
    if isinstance(event, Syscall | SyscallEntry):
        return event.entry
    if isinstance(event, Signal | Restart | Landmark):
        return event.registers
    return event.before if isinstance(event, Trap) else b""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _place(task: Task, address: int, images: Images) -> Iterator[str]:
    """Lines about the instruction at an address."""
    try:
        mapping = find_mapping(read_mappings(task.tracee.tid), address)
        code = task.tracee.read_available(address, _INSTRUCTION_BYTES)
    except (OSError, TraceeError):
        return
    yield f"at          {address:#x}{_name_of(mapping, address, images)}"
    if mapping is not None:
        access = "".join(letter if mapping.protection >> bit & 1 else "-" for bit, letter in enumerate("rwx"))
        yield f"mapping     {mapping.start:#x}-{mapping.end:#x} {access}{'s' if mapping.shared else 'p'}"
    yield f"bytes there {code.hex(' ') or 'none: nothing is mapped'}"


def _name_of(mapping: Mapping | None, address: int, images: Images) -> str:
    image = images.find(mapping.device, mapping.inode) if mapping is not None else None
    if mapping is None or image is None:
        return ""
    offset = mapping.offset + address - mapping.start
    symbol = nearest_symbol(image.descriptor, offset)
    where = f", {image.label} + {offset:#x}"
    return f"{where}, {symbol.name}+{symbol.offset:#x}" if symbol else where


def _registers(expected: bytes, seen: bytes) -> Iterator[str]:
    """Both sets of registers; those that differ come first, with both values."""
    if not expected:
        yield from _all_registers(seen)
        return
    recorded, found = regs.unpack(expected), regs.unpack(seen)
    yield "registers   that differ (recorded, seen)"
    differing = [name for name in regs.NAMES if recorded[name] != found[name]]
    for name in differing:
        yield f"  * {name:8} {recorded[name]:#018x}  {found[name]:#018x}"
    if same_in_syscall(expected, seen):
        yield "    (none that the program could see)"
    yield "registers   that agree"
    yield from _all_registers(seen, leave_out=differing)


def _all_registers(registers: bytes, leave_out: Sequence[str] = ()) -> Iterator[str]:
    values = [f"{name:8} {value:#018x}" for name, value in regs.unpack(registers).items() if name not in leave_out]
    for first in range(0, len(values), _REGISTERS_A_LINE):
        yield "    " + "  ".join(values[first : first + _REGISTERS_A_LINE])
