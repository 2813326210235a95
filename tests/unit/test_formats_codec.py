"""Events as msgpack: what goes in comes out, and nothing else is believed."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redrive.formats import events
from redrive.formats.codec import EFFECT_SHAPES, EVENT_SHAPES, decode_events, event_encoder
from redrive.formats.errors import DamagedArchive
from redrive.formats.shapes import Misfit
from redrive.formats.stops import Stop, StopKind, StopRegisters, decode_stops, encode_stop
from tests.unit.formats_samples import every_event, instances, registers, syscall

encode = event_encoder()


@pytest.mark.parametrize("kind", events.EVENT_CODES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind, data):
    event = data.draw(instances(kind))
    [decoded] = decode_events(encode(event))
    assert decoded == event
    assert type(decoded) is kind


@pytest.mark.parametrize("kind", events.EFFECT_CODES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_effect_comes_back_as_it_was(kind, data):
    effect = data.draw(instances(kind))
    [decoded] = decode_events(encode(syscall(9)._replace(effects=(effect,))))
    assert decoded.effects == (effect,)
    assert type(decoded.effects[0]) is kind


def test_a_large_write_is_encoded_as_any_other():
    large, label = bytes(range(256)) * 8192, os.fsdecode(b"/caf\xe9")
    writes = ((1, large), (2, b""), (2**64 - 1, b"end"))
    effects = (events.Map(1, 2, 3, 4, events.Image(5, 6), label), events.WriteTo(7, 8, large))
    event = syscall(9)._replace(writes=writes, effects=effects)
    encoded = encode(event)
    fields = (events.EVENT_CODES[events.Syscall], *event)
    coded = tuple((events.EFFECT_CODES[type(effect)], *effect) for effect in effects)
    place = 1 + events.Syscall._fields.index("effects")
    whole = (*fields[:place], coded, *fields[place + 1 :])
    assert encoded == msgpack.Packer(unicode_errors="surrogateescape").pack(whole)
    assert list(decode_events(encoded)) == [event]


@given(st.lists(every_event, max_size=8))
def test_events_follow_each_other_in_a_payload(recorded):
    assert list(decode_events(b"".join(map(encode, recorded)))) == recorded


@pytest.mark.parametrize("shapes", [EVENT_SHAPES, EFFECT_SHAPES], ids=["events", "effects"])
def test_shapes_name_the_fields_of_their_classes_in_order(shapes):
    assert {kind: tuple(fields) for kind, fields in shapes.items()} == {kind: kind._fields for kind in shapes}


def test_every_class_has_a_shape_and_a_code_of_its_own():
    assert EVENT_SHAPES.keys() == events.EVENT_CODES.keys()
    assert EFFECT_SHAPES.keys() == events.EFFECT_CODES.keys()
    for codes in (events.EVENT_CODES, events.EFFECT_CODES):
        assert len(set(codes.values())) == len(codes)


def test_kernel_buffers_of_other_types_are_written_as_bytes():
    [decoded] = decode_events(encode(syscall(0)._replace(writes=((1, bytearray(b"ab")), (2, memoryview(b"cd"))))))
    assert decoded.writes == ((1, b"ab"), (2, b"cd"))


WRONG = {
    "not a list": (7, "a list that begins with a number"),
    "empty list": ([], "a list that begins with a number"),
    "code of another type": (["Syscall"], "a list that begins with a number"),
    "boolean code": ([True, 1, ""], "a list that begins with a number"),
    "unknown code": ([99, 1], "the number of a known event expected, found 99"),
    "a field too few": ([11, 1], "the 2 fields of Note"),
    "a field too many": ([11, 1, "text", 2], "the 2 fields of Note"),
    "bytes for a string": ([11, 1, b"text"], "Note.text: a string of at most 65536 characters expected, found 4 bytes"),
    "a long note": ([11, 1, "x" * 65537], "Note.text: a string of at most 65536 characters expected"),
    "a short xstate": ([12, 1, bytes(575)], "VectorState.xstate: 576 to 65536 bytes expected, found 575 bytes"),
    "a long input": (
        [3, 1, 2, bytes(216), 0, [], [], [[0, bytes(8193)]], b""],
        "Syscall.inputs: at most 16 pairs of at most 8192 bytes expected",
    ),
    "a long argument": (
        [1, 1, 1, b"", [bytes(131073)], [], bytes(216), b"", 0, [], [], b""],
        "Exec.arguments: 0 to 131072 bytes expected, found 131073 bytes",
    ),
    "string for bytes": ([10, 1, "stops"], "Stopped.stops: bytes expected"),
    "negative task": ([10, -1, b""], "Stopped.task: a whole number from 0 on"),
    "boolean task": ([10, True, b""], "Stopped.task"),
    "float task": ([10, 1.5, b""], "Stopped.task"),
    "nil task": ([10, None, b""], "Stopped.task"),
    "short registers": ([6, 1, bytes(215)], "Restart.registers: 216 bytes expected, found 215 bytes"),
    "result of a wrong size": ([3, 1, 2, bytes(216), bytes(8), [], [], [], b""], "Syscall.exit"),
    "writes that are no pairs": ([9, 1, 0, [[1, b"", 2]], b""], "Exit.writes: pairs"),
    "writes to nowhere": ([9, 1, 0, [[-1, b""]], b""], "Exit.writes: pairs"),
    "writes of text": ([9, 1, 0, [[1, "a"]], b""], "Exit.writes: pairs"),
    "writes not a list": ([9, 1, 0, b"", b""], "Exit.writes: a list"),
    "unknown effect": ([3, 1, 2, bytes(216), 0, [], [[77]], [], b""], "Syscall.effects: the number of a known effect"),
    "wrong effect": ([3, 1, 2, bytes(216), 0, [], [[2, 1, "x"]], [], b""], "Syscall.effects: Unmap.length"),
    "unknown cause": ([8, 1, 9, bytes(216), bytes(216), [], b""], "Trap.cause: a TrapCause expected, found 9"),
}


@pytest.mark.parametrize(("value", "message"), WRONG.values(), ids=WRONG)
def test_a_value_of_another_shape_is_named(value, message):
    payload = encode(syscall(1)) + msgpack.packb(value)
    with pytest.raises(DamagedArchive, match="^event 41 is not as the format says: ") as caught:
        list(decode_events(payload, first=40))
    assert message in str(caught.value)


@pytest.mark.parametrize("field", events.Syscall._fields)
@pytest.mark.parametrize("wrong", [None, True, 1.5, "text", {}, -1, b"", [[]], [[1, 2]]], ids=repr)
def test_a_syscall_is_believed_no_more_than_its_shape_says(field, wrong):
    fields = {**syscall(1)._asdict(), field: wrong}
    shape = EVENT_SHAPES[events.Syscall][field]
    payload = msgpack.packb([events.EVENT_CODES[events.Syscall], *fields.values()])
    try:
        expected = shape(wrong)
    except Misfit as misfit:
        with pytest.raises(DamagedArchive, match=f"Syscall.{field}: {re.escape(str(misfit))}$"):
            list(decode_events(payload))
    else:
        [decoded] = decode_events(payload)
        assert getattr(decoded, field) == expected


HOSTILE = {
    "not msgpack": b"\xc1",
    "half an event": encode(syscall(1))[:-1],
    "a map": b"\x81\x01\x02",
    "an extension": b"\xd4\x05\x00",
    "a timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "endless nesting": b"\x91" * 100_000,
    "a list of four thousand million": b"\xdd\xff\xff\xff\xff",
    "bytes of four thousand million": b"\xc6\xff\xff\xff\xff",
    "a map key that is a list": b"\x81\x91\x01\x01",
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_msgpack_is_damage(payload):
    with pytest.raises(DamagedArchive, match="event 0 "):
        list(decode_events(payload))


def test_lists_that_pretend_to_be_long_take_no_memory():
    program = (
        "import resource\n"
        "from redrive.formats.codec import decode_events\n"
        "from redrive.formats.errors import DamagedArchive\n"
        "try: list(decode_events(b'\\xdd\\x00\\x10\\x00\\x00' * 500 + bytes(1 << 20)))\n"
        "except DamagedArchive: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(result.stdout) < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + 100_000


@given(st.binary(max_size=200))
def test_any_bytes_end_in_events_or_in_damage(payload):
    with contextlib.suppress(DamagedArchive):
        assert all(type(event) in EVENT_SHAPES for event in decode_events(payload))


stops = st.builds(
    lambda kind, source, value, own: Stop(kind, source, value, own if source is StopRegisters.OWN else b""),
    st.sampled_from(StopKind),
    st.sampled_from(StopRegisters),
    st.integers(0, 2**64 - 1),
    registers,
)


@given(st.lists(stops, max_size=5))
def test_stops_come_back_as_they_were(run):
    assert list(decode_stops(b"".join(map(encode_stop, run)))) == run


@pytest.mark.parametrize("data", [b"\x01", b"\x63" + bytes(9), b"\x01\x09" + bytes(8), b"\x01\x02" + bytes(8 + 215)])
def test_what_is_no_run_of_stops_is_damage(data):
    with pytest.raises(DamagedArchive, match="raw stop record"):
        list(decode_stops(data))
