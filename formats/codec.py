"""Events as msgpack: an event is the array [CODE, *fields], and so is an effect inside ``effects``.

Strings are UTF-8 where the recorded bytes were; other bytes pass through as os.fsdecode's surrogates do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgpack

from redrive.formats import events
from redrive.formats.errors import DamagedArchive
from redrive.formats.frames import DIGEST_SIZE
from redrive.formats.item_count import check_item_count
from redrive.formats.shapes import (
    Misfit,
    Shape,
    either,
    exactly,
    few_numbered_octets,
    integer,
    integer_or_exactly,
    member,
    nothing,
    numbered_octets,
    octets,
    octets_between,
    pair,
    record,
    sequence,
    tagged,
    text_up_to,
    unsigned,
)

MAXIMUM_ITEMS = 1 << 20
"""The most items in an EVENTS frame, and so the longest array in one.

execve's arguments fit (at most 6 MiB with 9 bytes or more each, execve(2)).
"""
MAXIMUM_EVENT_SIZE = (1 << 31) + (1 << 26)
"""Bytes of an encoded event: one syscall moves at most 2 GiB (MAX_RW_COUNT in linux/fs.h)."""

# What is held in memory for longer than its event, or shown whole, has bounds that no kernel lets a recording reach.
INPUTS_AT_MOST, LONGEST_INPUT = 16, 1 << 13
"""A syscall has six arguments, and recorders keep 4096 bytes of one, of execve's up to 8192."""
LONGEST_NOTE = LONGEST_LABEL = 1 << 16
"""Characters; a path has at most 4095 bytes: PATH_MAX of linux/limits.h."""
LONGEST_ARGUMENT = 1 << 17
"""Bytes of an argument or variable of execve: MAX_ARG_STRLEN of linux/binfmts.h."""
LONGEST_CODE = 15
"""Bytes of an instruction: Intel SDM volume 2, 2.3.11."""
SMALLEST_XSTATE, LARGEST_XSTATE = 512 + 64, 1 << 16
"""The legacy area and the header, Intel SDM volume 1, 13.4; more than any CPU's area has."""

FieldShapes: TypeAlias = dict[str, Shape]

_registers = exactly(events.REGISTERS_SIZE)
_result = integer_or_exactly(events.REGISTERS_SIZE)
_no_registers = exactly(0)
_digest = exactly(DIGEST_SIZE)
_writes = numbered_octets
_inputs = few_numbered_octets(INPUTS_AT_MOST, LONGEST_INPUT)
_note = text_up_to(LONGEST_NOTE)
_label = text_up_to(LONGEST_LABEL)
_argument = octets_between(0, LONGEST_ARGUMENT)
_path = octets_between(0, LONGEST_LABEL)
_xstate = octets_between(SMALLEST_XSTATE, LARGEST_XSTATE)
_xstate_or_none = either(exactly(0), _xstate)
_image = record(events.Image, {"number": unsigned, "offset": unsigned})
_extent = record(events.Extent, {"offset": unsigned, "length": unsigned, "digest": _digest})

EFFECT_SHAPES: dict[type[events.Effect], FieldShapes] = {
    events.Map: {
        "address": unsigned,
        "length": unsigned,
        "protection": unsigned,
        "flags": unsigned,
        "image": either(nothing, _image),
        "label": _label,
    },
    events.Unmap: {"address": unsigned, "length": unsigned},
    events.Protect: {"address": unsigned, "length": unsigned, "protection": unsigned},
    events.Remap: {
        "address": unsigned,
        "length": unsigned,
        "new_address": unsigned,
        "new_length": unsigned,
        "flags": unsigned,
    },
    events.Advise: {"address": unsigned, "length": unsigned, "advice": integer},
    events.ImageContent: {"number": unsigned, "size": unsigned, "extents": sequence(_extent), "label": _label},
    events.ImageWrite: {"number": unsigned, "offset": unsigned, "data": octets},
    events.ImageSize: {"number": unsigned, "size": unsigned},
    events.WriteTo: {"task": unsigned, "address": unsigned, "data": octets},
    events.Echo: {"stream": unsigned, "pieces": sequence(pair(unsigned, unsigned)), "data": octets},
}


def _by_code(codes: Mapping[Any, int], shapes: Mapping[Any, FieldShapes]) -> dict[int, Shape]:
    return {code: record(kind, shapes[kind]) for kind, code in codes.items()}


_effects = sequence(tagged(_by_code(events.EFFECT_CODES, EFFECT_SHAPES), "effect"))

EVENT_SHAPES: dict[type[events.Event], FieldShapes] = {
    events.Exec: {
        "task": unsigned,
        "former_task": unsigned,
        "path": _path,
        "arguments": sequence(_argument),
        "environment": sequence(_argument),
        "registers": _registers,
        "xstate": _xstate_or_none,
        "stack_limit": unsigned,
        "effects": _effects,
        "writes": _writes,
        "stops": octets,
    },
    events.Clone: {
        "task": unsigned,
        "child": unsigned,
        "flags": unsigned,
        "registers": _registers,
        "writes": _writes,
        "stops": octets,
    },
    events.Syscall: {
        "task": unsigned,
        "number": integer,
        "entry": _registers,
        "exit": _result,
        "writes": _writes,
        "effects": _effects,
        "inputs": _inputs,
        "stops": octets,
    },
    events.SyscallEntry: {
        "task": unsigned,
        "number": integer,
        "entry": _registers,
        "writes": _writes,
        "inputs": _inputs,
        "stops": octets,
    },
    events.SyscallExit: {
        "task": unsigned,
        "number": integer,
        "exit": _result,
        "xstate": _xstate_or_none,
        "writes": _writes,
        "effects": _effects,
        "stops": octets,
    },
    events.Restart: {"task": unsigned, "registers": _registers},
    events.Signal: {
        "task": unsigned,
        "signal": unsigned,
        "siginfo": exactly(events.SIGINFO_SIZE),
        "point": member(events.SignalPoint),
        "action": member(events.SignalAction),
        "registers": _registers,
        "handler_registers": either(_no_registers, _registers),
        "handler_xstate": _xstate_or_none,
        "writes": _writes,
        "stops": octets,
    },
    events.Trap: {
        "task": unsigned,
        "cause": member(events.TrapCause),
        "before": _registers,
        "after": _registers,
        "writes": _writes,
        "stops": octets,
    },
    events.Exit: {"task": unsigned, "status": integer, "writes": _writes, "stops": octets},
    events.Stopped: {"task": unsigned, "stops": octets},
    events.Note: {"task": unsigned, "text": _note},
    events.VectorState: {"task": unsigned, "xstate": _xstate},
    events.Landmark: {
        "task": unsigned,
        "registers": _registers,
        "xstate": _xstate,
        "code": octets_between(0, LONGEST_CODE),
        "clues": sequence(pair(member(events.Clue), unsigned)),
        "witnesses": _writes,
        "ran": unsigned,
        "stops": octets,
    },
}

_any_syscall = record(events.Syscall, EVENT_SHAPES[events.Syscall])


def _syscall(value: list[Any]) -> events.Syscall:
    """As the shape above has it, in a third less time where there are no effects: nearly all events are so."""
    try:
        task, number, entry, leave, writes, effects, inputs, stops = value
        if (
            type(task) is type(number) is type(leave) is int
            and task >= 0
            and type(entry) is type(stops) is bytes
            and len(entry) == events.REGISTERS_SIZE
            and effects == []
        ):
            return events.Syscall(task, number, entry, leave, numbered_octets(writes), (), _inputs(inputs), stops)
    except (ValueError, Misfit):
        # The other way names the field.
        pass
    syscall: events.Syscall = _any_syscall(value)
    return syscall


_any_syscall_entry = record(events.SyscallEntry, EVENT_SHAPES[events.SyscallEntry])


def _syscall_entry(value: list[Any]) -> events.SyscallEntry:
    """Recorders of version 1, and the first ones of version 2, left ``writes`` out."""
    if len(value) == len(events.SyscallEntry._fields) - 1:
        value.insert(events.SyscallEntry._fields.index("writes"), [])
    entry: events.SyscallEntry = _any_syscall_entry(value)
    return entry


_event = tagged(
    {
        **_by_code(events.EVENT_CODES, EVENT_SHAPES),
        events.EVENT_CODES[events.Syscall]: _syscall,
        events.EVENT_CODES[events.SyscallEntry]: _syscall_entry,
    },
    "event",
)


def _place(kind: type[events.Event], field: str) -> int:
    return kind._fields.index(field) if field in kind._fields else 0


_PLANS: dict[type, tuple[tuple[int], int, int]] = {
    kind: ((code,), _place(kind, "effects"), _place(kind, "writes")) for kind, code in events.EVENT_CODES.items()
}
"""What the encoder needs of each class: its code, and where its effects and its writes are (0: it has none)."""
_LARGE = 1 << 20
"""Bytes of memory that a packer should not have a copy of: it makes room for twice as many, and keeps that."""
_BIN_32 = struct.Struct(">BI")
"""0xc6 and a length: the head of msgpack's longest octets."""


def _pieces(value: object, packer: msgpack.Packer) -> Iterator[bytes]:
    """What ``value`` is in msgpack, with large octets as they are."""
    if isinstance(value, tuple):
        # An array of so many, without its items.
        yield packer.pack_array_header(len(value))
        for item in value:
            yield from _pieces(item, packer)
    elif isinstance(value, bytes) and len(value) > _LARGE:
        yield _BIN_32.pack(0xC6, len(value))
        yield value
    else:
        yield packer.pack(value)


def event_encoder() -> Callable[[events.Event], bytes]:
    """A function that encodes events, with a packer of its own: not to be shared between threads.

    It trusts its events: what a field holds is not checked, as a recorder pays for this at every syscall.
    """
    packer = msgpack.Packer(unicode_errors="surrogateescape")
    pack: Callable[[object], bytes] = packer.pack
    plans = _PLANS

    def encode(event: events.Event) -> bytes:
        code, position, writes = plans[type(event)]
        fields: tuple[Any, ...] = event
        if position and fields[position]:
            effects = tuple((events.EFFECT_CODES[type(effect)], *effect) for effect in fields[position])
            fields = (*fields[:position], effects, *fields[position + 1 :])
        if writes and fields[writes] and len(fields[writes][0][1]) > _LARGE:
            return b"".join(_pieces(code + fields, packer))
        return pack(code + fields)

    return encode


def decode_large_event(payload: bytes | bytearray, number: int) -> events.Event:
    """The one event of a payload, in half the memory that decode_events takes.  Raises as that does."""
    check_item_count(payload, MAXIMUM_ITEMS)
    try:
        decoded: events.Event = _event(
            msgpack.unpackb(
                payload,
                unicode_errors="surrogateescape",
                max_array_len=MAXIMUM_ITEMS,
                max_map_len=0,
                max_ext_len=0,
            )
        )
    except Misfit as misfit:
        raise DamagedArchive(f"event {number} is not as the format says: {misfit}") from misfit
    except MSGPACK_ERRORS as error:
        raise DamagedArchive(f"event {number} cannot be decoded: {_reason(error)}") from error
    return decoded


def decode_events(payload: bytes, first: int = 0) -> Iterator[events.Event]:
    """The events of a payload in order; ``first`` is the number of the first, for messages.

    Raises DamagedArchive when the bytes are no whole events, or when a field is not of its type.
    """
    number = first
    end = 0
    check_item_count(payload, MAXIMUM_ITEMS)
    unpacker = msgpack.Unpacker(
        unicode_errors="surrogateescape",
        max_buffer_size=MAXIMUM_EVENT_SIZE,
        # Lists rather than tuples: a tuple of a pretended length is filled at once, a list costs only address space.
        use_list=True,
        max_array_len=MAXIMUM_ITEMS,
        max_map_len=0,
        max_ext_len=0,
    )
    try:
        unpacker.feed(payload)
        for value in unpacker:
            yield _event(value)
            number += 1
            end = unpacker.tell()
    except Misfit as misfit:
        raise DamagedArchive(f"event {number} is not as the format says: {misfit}") from misfit
    except MSGPACK_ERRORS as error:
        raise DamagedArchive(f"event {number} cannot be decoded: {_reason(error)}") from error
    if end != len(payload):
        raise DamagedArchive(f"event {number} is not whole")


MSGPACK_ERRORS: tuple[type[Exception], ...] = (ValueError, TypeError, MemoryError, msgpack.exceptions.UnpackException)
"""What msgpack raises for bytes that are no msgpack or beyond its limits."""


_MAXIMUM_DOCUMENT_ITEMS = 4 * MAXIMUM_ITEMS + 64
"""The index has four lists."""


def pack_document(document: Mapping[str, Any]) -> bytes:
    """A map of named values: the content of every frame that is not events."""
    return bytes(msgpack.Packer(unicode_errors="surrogateescape").pack(document))


def unpack_document(content: bytes, shape: Shape, what: str) -> Any:
    """The map that pack_document wrote, in its shape.  Raises DamagedArchive."""
    check_item_count(content, _MAXIMUM_DOCUMENT_ITEMS)
    try:
        value = msgpack.unpackb(
            content,
            unicode_errors="surrogateescape",
            max_array_len=MAXIMUM_ITEMS,
            max_map_len=MAXIMUM_ITEMS,
            max_ext_len=0,
        )
        return shape(value)
    except Misfit as misfit:
        raise DamagedArchive(f"the {what} is not as the format says: {misfit}") from misfit
    except MSGPACK_ERRORS as error:
        raise DamagedArchive(f"the {what} cannot be decoded: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
