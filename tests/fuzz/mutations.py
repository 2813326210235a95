"""Archives changed at random, from a seed: blindly, frame by frame, and behind checksums that are right again."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgpack
import zstandard

from redrive.formats.errors import ArchiveError
from redrive.formats.frames import (
    DIGEST_SIZE,
    HEAD_SIZE,
    PREAMBLE_SIZE,
    SYNC,
    Frame,
    FrameFlag,
    FrameKind,
    decode_content,
    decode_head,
    encode_frame,
)

NUMBERS = (0, 1, 2, 3, 127, 128, 255, 4095, 4096, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 47)
LARGE_NUMBERS = (*NUMBERS, (1 << 63) - 1, 1 << 63, (1 << 64) - 4096, (1 << 64) - 1)
_HEAD = struct.Struct("<4sBBHIIIQI")
_HEAD_WIDTHS = (8, 8, 16, 32, 32, 32, 64, 32)


def mutate(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """``data`` changed in one to three ways; ``others`` are archives to take pieces from."""
    for _ in range(choice.choice((1, 1, 1, 2, 3))):
        data = choice.choice(_WAYS)(data, others, choice)
    return data


def frames_of(data: bytes) -> list[Frame]:
    """The whole frames up to the first that is none."""
    frames = []
    offset = PREAMBLE_SIZE
    while offset < len(data):
        try:
            frame = decode_head(data[offset : offset + HEAD_SIZE], offset)
        except ArchiveError:
            break
        if frame.end > len(data):
            break
        frames.append(frame)
        offset = frame.end
    return frames


def _flip_bits(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(choice.choice((1, 1, 2, 8))):
        if changed:
            changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    piece = choice.choice((b"\0", b"\xff" * 4, SYNC, b"\xdd\xff\xff\xff\xff", choice.randbytes(16), bytes(100)))
    position = choice.randrange(len(data) + 1)
    return data[:position] + piece + data[position + len(piece) :]


def _cut(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    return data[: choice.randrange(len(data) + 1)]


def _move_a_run(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """Deletes a run of bytes, or copies it to another place."""
    start = choice.randrange(len(data) + 1)
    run = data[start : start + choice.choice((1, 4, 36, 300))]
    if choice.random() < 0.5:
        return data[:start] + data[start + len(run) :]
    place = choice.randrange(len(data) + 1)
    return data[:place] + run + data[place:]


def _splice(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """Goes on as another archive, at a frame or anywhere."""
    other = choice.choice(others)
    if choice.random() < 0.3:
        return data[: choice.randrange(len(data) + 1)] + other[choice.randrange(len(other) + 1) :]
    first, second = frames_of(data), frames_of(other)
    if not first or not second:
        return data + other
    return data[: choice.choice(first).end] + other[choice.choice(second).offset :]


def _rearrange_frames(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    frames = frames_of(data)
    if not frames:
        return data
    pieces = [data[frame.offset : frame.end] for frame in frames]
    position = choice.randrange(len(pieces))
    what = choice.randrange(3)
    if what == 0:
        piece = pieces.pop(position)
        if choice.random() < 0.5:
            pieces.insert(choice.randrange(len(pieces) + 1), piece)
    elif what == 1:
        pieces.insert(choice.randrange(len(pieces) + 1), pieces[position])
    else:
        choice.shuffle(pieces)
    return data[:PREAMBLE_SIZE] + b"".join(pieces) + data[frames[-1].end :]


def _change_a_head(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """One field of a head says something else; the checksums are right."""
    frames = frames_of(data)
    if not frames:
        return data
    frame = choice.choice(frames)
    fields = list(_HEAD.unpack_from(data, frame.offset))
    position = choice.randrange(len(_HEAD_WIDTHS))
    number = choice.choice((*LARGE_NUMBERS, fields[1 + position] + 1, fields[1 + position] - 1))
    fields[1 + position] = number % (1 << _HEAD_WIDTHS[position])
    head = _HEAD.pack(*fields)
    head += struct.pack("<I", zlib.crc32(head))
    return data[: frame.offset] + head + data[frame.offset + HEAD_SIZE :]


def _change_content(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """The bytes that a frame holds are changed; the checksums are right."""

    def change(content: bytes) -> bytes:
        return choice.choice((_flip_bits, _overwrite, _cut, _move_a_run))(content, others, choice)

    return _with_changed_content(data, choice, change)


def _change_a_value(data: bytes, others: Sequence[bytes], choice: random.Random) -> bytes:
    """One value in a frame's msgpack becomes another; all else is as the format has it."""

    def change(content: bytes) -> bytes:
        unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", strict_map_key=False)
        unpacker.feed(content)
        try:
            values = list(unpacker)
        except (ValueError, TypeError):
            return content
        place, key = choice.choice(_places(values))
        place[key] = _hostile_value(place[key], choice)
        pack = msgpack.Packer(unicode_errors="surrogateescape").pack
        try:
            return b"".join(pack(value) for value in values)
        except OverflowError:
            # Changed before, by as much: msgpack's integers end at 64 bits.
            return content

    return _with_changed_content(data, choice, change)


_WAYS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip_bits,
    _overwrite,
    _cut,
    _move_a_run,
    _splice,
    _rearrange_frames,
    _change_a_head,
    _change_content,
    *[_change_a_value] * 4,
)


def _with_changed_content(data: bytes, choice: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    frames = frames_of(data)
    if not frames:
        return data
    frame = choice.choice(frames)
    stored = data[frame.stored_offset : frame.end]
    try:
        content = change(decode_content(frame, stored))
    except (ArchiveError, zstandard.ZstdError):
        return data
    new = encode_frame(
        FrameKind(frame.kind) if frame.kind in iter(FrameKind) else FrameKind.EVENTS,
        content,
        flags=FrameFlag(frame.flags),
        first_event=frame.first_event,
        event_count=frame.event_count,
        digest=stored[:DIGEST_SIZE] if frame.kind == FrameKind.BLOB else b"",
    )
    return data[: frame.offset] + new + data[frame.end :]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(list or map, index or key) of every value in there, at most some thousand."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 5000:
        one = waiting.pop()
        keys = range(len(one)) if isinstance(one, list) else list(one)
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], list | dict):
                waiting.append(one[key])
    return found or [([value], 0)]


def _hostile_value(value: Any, choice: random.Random) -> Any:
    if choice.random() < 0.7:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return choice.choice((*LARGE_NUMBERS, -1, -(1 << 31), -(1 << 63), value + 1))
        if isinstance(value, float):
            return choice.choice((float("nan"), float("inf"), -1e308, 1e18, 0.0))
        if isinstance(value, bytes):
            return choice.choice((b"", value[:-1], value + b"\0", choice.randbytes(len(value)), bytes(len(value) * 3)))
        if isinstance(value, str):
            return choice.choice(("", "\x1b[2J", "\u202e", "\udcff", "x" * 5000, value + "\0"))
        if isinstance(value, list) and value:
            return choice.choice(([], value * 2, value[:-1], value[::-1], [*value, value[0]]))
    return choice.choice((None, True, -1, 1 << 63, 1.5, b"", "text", [], {}, [[]], [1, 2], [0, b""], bytes(216)))
