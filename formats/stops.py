"""Raw ptrace-stops as the recording kernel reported them, kept beside the event they led to.

An event's ``stops`` field is a run of records, each ``<BBQ`` (kind, registers, value), followed by 216
bytes of registers when ``registers`` is StopRegisters.OWN.  ``value`` is the event message, the signal
number or 0, by kind.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from typing import NamedTuple

from redrive.formats.errors import DamagedArchive
from redrive.formats.events import REGISTERS_SIZE

_RECORD = struct.Struct("<BBQ")


class StopKind(enum.IntEnum):
    """The kinds of ptrace-stop of ptrace(2)."""

    SECCOMP = 1
    SYSCALL_ENTRY = 2
    SYSCALL_EXIT = 3
    SIGNAL = 4
    GROUP_STOP = 5
    FORK = 6
    VFORK = 7
    CLONE = 8
    EXEC = 9
    VFORK_DONE = 10
    EXIT = 11
    STARTED = 12
    """PTRACE_EVENT_STOP of a task that has just been attached by fork, vfork or clone."""
    INTERRUPTED = 13
    """PTRACE_EVENT_STOP after PTRACE_INTERRUPT."""
    STEPPED = 14
    """SIGTRAP of PTRACE_SINGLESTEP."""
    GONE = 15
    """Not a stop: waitpid reported the end.  ``value`` is the wait status."""


class StopRegisters(enum.IntEnum):
    """Where a stop's registers are to be found."""

    FIRST = 0
    """Equal to the event's first registers (entry, registers, before)."""
    SECOND = 1
    """Equal to the event's second registers (exit, handler_registers, after)."""
    OWN = 2
    """They follow the record."""
    NONE = 3
    """Could not be read: the task was gone."""


class Stop(NamedTuple):
    """One ptrace-stop; ``registers`` is empty unless ``source`` is OWN."""

    kind: StopKind
    source: StopRegisters
    value: int
    registers: bytes = b""


def encode_stop(stop: Stop) -> bytes:
    """The record of one stop."""
    return _RECORD.pack(stop.kind, stop.source, stop.value) + stop.registers


def decode_stops(data: bytes) -> Iterator[Stop]:
    """The stops of one event, in order.  Raises DamagedArchive when the bytes are no run of records."""
    position = 0
    while position < len(data):
        try:
            kind, source, value = _RECORD.unpack_from(data, position)
            stop = Stop(StopKind(kind), StopRegisters(source), value)
        except struct.error as error:
            raise DamagedArchive("a raw stop record is cut off") from error
        except ValueError as error:
            raise DamagedArchive(f"a raw stop record cannot be read: {error}") from error
        position += _RECORD.size
        if stop.source is StopRegisters.OWN:
            registers = data[position : position + REGISTERS_SIZE]
            if len(registers) != REGISTERS_SIZE:
                raise DamagedArchive("a raw stop record ends before its registers")
            stop = stop._replace(registers=registers)
            position += REGISTERS_SIZE
        yield stop
