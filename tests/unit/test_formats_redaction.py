"""Redaction of what an event holds of memory that is in pieces."""

from __future__ import annotations

import re
from pathlib import Path

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Landmark
from redrive.formats.redaction import Redaction, Redactor
from tests.unit.formats_samples import syscall, write_archive

SECRET = b"qwxzkjv vkqzjx7 wvqzxkj"
LINE = b"\npassword=" + SECRET + b"\nuser=me, and more of it\n"


def redacted_witnesses(tmp_path: Path, size: int) -> bytes:
    """What a copy has in the place of the line, which a landmark has seen in pieces of so many bytes."""
    pieces = tuple((0x1000 + at, LINE[at : at + size]) for at in range(0, len(LINE), size))
    landmark = Landmark(1, bytes(216), bytes(576), b"\x90", (), pieces, 1, b"")
    write_archive(tmp_path / "trace", [syscall(0, LINE), landmark])
    with ArchiveReader(tmp_path / "trace") as reader:
        redactor = Redactor(reader, Redaction([re.compile(rb"password=(.*)")]))
        redactor.learn()
        writer = ArchiveWriter(tmp_path / "copy", redactor.header())
        redactor.copy(writer)
    with ArchiveReader(tmp_path / "copy") as copy:
        (_, (_, event)) = copy.events()
    assert isinstance(event, Landmark)
    return b"".join(data for _, data in event.witnesses)


def test_pieces_of_a_secret_in_a_landmark(tmp_path: Path) -> None:
    expected = LINE.replace(SECRET, b"aaaaaaa aaaaaa0 aaaaaaa")
    for size in (8, 16, 64):
        (tmp_path / str(size)).mkdir()
        assert redacted_witnesses(tmp_path / str(size), size) == expected


def test_what_is_left_of_a_secret_in_an_input() -> None:
    redaction = Redaction([re.compile(rb"password=(.*)")])
    redaction.learn(LINE)
    left = b"/var/run/socket\0" + SECRET[-9:] + b"\0\0" + SECRET[:8]
    assert redaction.replace_pieces(left) == b"/var/run/socket\0" + b"0 aaaaaaa" + b"\0\0" + b"aaaaaaa "
