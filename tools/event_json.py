"""Events as JSON: the fields of redrive.formats.events by name, whole, for programs.

Registers become objects of hexadecimal strings (a 64-bit number does not fit every JSON reader), other bytes
hexadecimal digits, texts of the program strings in which a byte that is no UTF-8 is a lone surrogate (os.fsdecode).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from redrive.formats.events import (
    Event,
    Signal,
    SignalAction,
    SignalPoint,
    Syscall,
    SyscallEntry,
    SyscallExit,
    TrapCause,
)
from redrive.formats.stops import decode_stops
from redrive.tools.wait_status import signal_name
from redrive.tracee import registers as regs
from redrive.tracee.syscalls import name_of


def event_json(number: int, event: Event) -> str:
    """One line of JSON."""
    fields: dict[str, Any] = {"event": number, "kind": type(event).__name__}
    if isinstance(event, Syscall | SyscallEntry | SyscallExit):
        fields["name"] = name_of(event.number)
    if isinstance(event, Signal):
        fields["name"] = signal_name(event.signal)
    for name, value in zip(event._fields, event, strict=True):
        fields[name] = _FIELDS.get(name, _plain)(value)
    return json.dumps(fields, separators=(",", ":"))


def _registers(value: bytes | int) -> Any:
    if isinstance(value, int):
        return value
    return {name: hex(word) for name, word in regs.unpack(value).items()} if value else None


def _texts(value: tuple[bytes, ...]) -> list[str]:
    return [os.fsdecode(one) for one in value]


def _stops(value: bytes) -> list[dict[str, Any]]:
    return [
        {
            "kind": stop.kind.name.lower(),
            "value": stop.value,
            "registers": _registers(stop.registers) if stop.registers else stop.source.name.lower(),
        }
        for stop in decode_stops(value)
    ]


def _effects(value: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [{"kind": type(effect).__name__, **_plain(effect)} for effect in value]


def _plain(value: Any) -> Any:
    """Numbers and strings as they are, bytes as hexadecimal digits, named tuples as objects, other tuples as lists."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            return {name: _plain(one) for name, one in value._asdict().items()}
        return [_plain(one) for one in value]
    return value


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "registers": _registers,
    "entry": _registers,
    "exit": _registers,
    "before": _registers,
    "after": _registers,
    "handler_registers": _registers,
    "path": os.fsdecode,
    "arguments": _texts,
    "environment": _texts,
    "stops": _stops,
    "effects": _effects,
    "cause": lambda value: TrapCause(value).name.lower(),
    "point": lambda value: SignalPoint(value).name.lower(),
    "action": lambda value: SignalAction(value).name.lower(),
}
