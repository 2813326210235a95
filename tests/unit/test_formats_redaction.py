"""Redaction of what an event holds of memory that is in pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Event, Landmark, Syscall
from redrive.formats.redaction import Redaction, Redactor
from redrive.formats.stops import Stop, StopKind, StopRegisters, decode_stops, encode_stop
from tests.unit.formats_samples import OUTCOME, syscall, write_archive

SECRET = b"qwxzkjv vkqzjx7 wvqzxkj"
LINE = b"\npassword=" + SECRET + b"\nuser=me, and more of it\n"


def copied(tmp_path: Path, events: Sequence[Event], reason: str = "") -> tuple[list[Event], str]:
    """The events and the reason of a copy in which what follows ``password=`` is secret."""
    write_archive(tmp_path / "trace", list(events), outcome=OUTCOME._replace(complete=not reason, reason=reason))
    with ArchiveReader(tmp_path / "trace") as reader:
        redactor = Redactor(reader, Redaction([re.compile(rb"password=(.*)")]))
        redactor.learn()
        writer = ArchiveWriter(tmp_path / "copy", redactor.header())
        redactor.copy(writer)
    with ArchiveReader(tmp_path / "copy") as copy:
        assert copy.outcome is not None
        return [event for _, event in copy.events()], copy.outcome.reason


def redacted_witnesses(tmp_path: Path, size: int) -> bytes:
    """What a copy has in the place of the line, which a landmark has seen in pieces of so many bytes."""
    pieces = tuple((0x1000 + at, LINE[at : at + size]) for at in range(0, len(LINE), size))
    landmark = Landmark(1, bytes(216), bytes(576), b"\x90", (), pieces, 1, b"")
    (_, event), _ = copied(tmp_path, [syscall(0, LINE), landmark])
    assert isinstance(event, Landmark)
    return b"".join(data for _, data in event.witnesses)


def test_pieces_of_a_secret_in_a_landmark(tmp_path: Path) -> None:
    expected = LINE.replace(SECRET, b"aaaaaaa aaaaaa0 aaaaaaa")
    for size in (8, 16, 64):
        (tmp_path / str(size)).mkdir()
        assert redacted_witnesses(tmp_path / str(size), size) == expected


def test_pieces_of_a_secret_in_the_registers_of_a_stop(tmp_path: Path) -> None:
    at = len(b"\npassword=") + 3
    stop = Stop(StopKind.SYSCALL_ENTRY, StopRegisters.OWN, 0, LINE[at : at + 8] + bytes(208))
    (_, event), _ = copied(tmp_path, [syscall(0, LINE), syscall(1)._replace(stops=encode_stop(stop))])
    assert isinstance(event, Syscall)
    assert list(decode_stops(event.stops)) == [stop._replace(registers=b"aaaa aaa" + bytes(208))]


def test_a_secret_in_the_reason_why_the_trace_ends(tmp_path: Path) -> None:
    reason = f"the program maps /dev/{SECRET.decode()}, which is no regular file: that cannot be recorded"
    _, seen = copied(tmp_path, [syscall(0, LINE)], reason)
    assert seen == reason.replace(SECRET.decode(), "aaaaaaa aaaaaa0 aaaaaaa")


def test_what_is_left_of_a_secret_in_an_input() -> None:
    redaction = Redaction([re.compile(rb"password=(.*)")])
    redaction.learn(LINE)
    left = b"/var/run/socket\0" + SECRET[-9:] + b"\0\0" + SECRET[:8]
    assert redaction.replace_pieces(left) == b"/var/run/socket\0" + b"0 aaaaaaa" + b"\0\0" + b"aaaaaaa "
