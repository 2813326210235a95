"""Archives that strangers send: damaged at random, or made to harm who looks at them.

Every command that reads must say what is wrong, with the file and the offset, and exit with 1, within 500 MB of memory
and ten seconds of the CPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.codec import INPUTS_AT_MOST, LONGEST_ARGUMENT, LONGEST_INPUT, event_encoder
from redrive.formats.events import Clone, Exec, SyscallEntry
from redrive.formats.frames import (
    Footer,
    FrameFlag,
    FrameKind,
    encode_footer,
    encode_frame,
    encode_preamble,
)
from redrive.formats.header import encode_header
from redrive.formats.outcome import Trailer, encode_trailer
from tests.fuzz.__main__ import ADDRESS_SPACE, MEMORY, SECONDS
from tests.redrive_command import Redrive
from tests.unit.formats_samples import HEADER, OUTCOME, syscall

REPOSITORY = Path(__file__).parents[1]
LIMITED = Path(__file__).with_name("limited_command.py")


@pytest.mark.parametrize(
    ("seed", "count"),
    [(0, 250), *(pytest.param(seed, 1000, marks=pytest.mark.soak) for seed in range(100, 110))],
)
def test_changed_at_random(tmp_path: Path, seed: int, count: int) -> None:
    """Bit flips, truncation, splices, frames out of order, wrong heads and wrong values behind right checksums."""
    command = [sys.executable, "-m", "tests.fuzz", str(seed), str(count), tmp_path]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.startswith(f"{count} changed archives, ")
    print(ended.stdout)


class Ended(NamedTuple):
    """How a command ended within its limits, and what it took: seconds of the CPU, bytes in memory at most."""

    status: int
    output: str
    said: str
    seconds: float
    memory: int


def run_limited(redrive: Redrive, *arguments: str | Path) -> Ended:
    output, said, report = (redrive.folder / name for name in ("output", "said", "report"))
    limits = [str(ADDRESS_SPACE), str(int(SECONDS) * 2), str(report)]
    with open(output, "wb") as first, open(said, "wb") as second:
        subprocess.run(
            [sys.executable, str(LIMITED), *limits, *redrive.command, *map(str, arguments)],
            cwd=redrive.folder,
            env=redrive.environment,
            stdout=first,
            stderr=second,
            check=True,
        )
    status, seconds, memory = json.loads(report.read_text())
    return Ended(status, output.read_bytes()[-100_000:].decode(), said.read_text()[-10_000:], seconds, memory)


def archive_of(path: Path, *frames: bytes, events: int = 1, blobs: int = 0, header: bytes = b"") -> None:
    """A closed archive of these frames: its checksums and its trailer are right."""
    with open(path, "wb") as file:
        file.write(encode_preamble())
        file.write(header or encode_frame(FrameKind.HEADER, encode_header(HEADER)))
        for frame in frames:
            file.write(frame)
        trailer = file.tell()
        file.write(encode_frame(FrameKind.TRAILER, encode_trailer(Trailer(events, blobs, OUTCOME))))
        file.write(encode_footer(Footer(0, trailer)))


def event_frame(content: bytes, count: int = 1) -> bytes:
    return encode_frame(FrameKind.EVENTS, content, first_event=0, event_count=count)


LARGEST = 64 << 20
"""Bytes that a frame may hold."""
NOTE = b"\x93\x0b\x01"
"""An event of two fields, of which the second may be anything."""


def nested_lists(path: Path) -> None:
    """A list in a list in a list, a million deep."""
    archive_of(path, event_frame(NOTE + b"\x91" * 1_000_000 + b"\x90"))


def millions_of_lists(path: Path) -> None:
    """64 MiB of empty lists: four gigabytes, once they are made."""
    million = b"\xdd" + (1 << 20).to_bytes(4, "big") + b"\x90" * (1 << 20)
    archive_of(path, event_frame(b"\x9f" + million * 15 + b"\x90" * 15))


def many_nested_lists(path: Path) -> None:
    """Each list of a million is in the last place of another, so none of them ends."""
    million = b"\xdd" + (1 << 20).to_bytes(4, "big") + b"\x90" * ((1 << 20) - 1)
    archive_of(path, event_frame(NOTE + million * 60))


def pretended_lists(path: Path) -> None:
    """A thousand lists that each say they have a million items, and are empty."""
    archive_of(path, event_frame(NOTE + (b"\xdd" + (1 << 20).to_bytes(4, "big")) * 1000))


def pretended_bytes(path: Path) -> None:
    """Four gigabytes of bytes that are not there."""
    archive_of(path, event_frame(NOTE + b"\xc6\xff\xff\xff\xff"))


def large_integers(path: Path) -> None:
    """Numbers of three bytes, which take 36 each here."""
    million = b"\xdd" + (1 << 20).to_bytes(4, "big") + b"\xcd\x12\x34" * (1 << 20)
    archive_of(path, event_frame(NOTE + million * 20))


def endless_event(path: Path) -> None:
    """An event in pieces of zeros, two gigabytes long in a file of two hundred kilobytes."""
    piece = encode_frame(FrameKind.EVENTS, bytes(LARGEST), flags=FrameFlag.CONTINUES, first_event=0)
    archive_of(path, *[piece] * 33)


def huge_write(path: Path) -> None:
    """As a recorder would write a read of two gigabytes of zeros."""
    size = (1 << 31) - 4096
    start = event_encoder()(syscall(0))
    position = start.index(b"\xc4\x04data")
    whole = [start[:position] + b"\xc6" + size.to_bytes(4, "big"), bytes(size % LARGEST)]
    first = encode_frame(FrameKind.EVENTS, b"".join(whole), flags=FrameFlag.CONTINUES, first_event=0)
    piece = encode_frame(FrameKind.EVENTS, bytes(LARGEST), flags=FrameFlag.CONTINUES, first_event=0)
    last = encode_frame(FrameKind.EVENTS, start[position + 6 :], first_event=0, event_count=1)
    archive_of(path, first, *[piece] * (size // LARGEST), last)


def lists_in_the_header(path: Path) -> None:
    """A key that nobody knows, with 64 MiB of empty lists."""
    million = b"\xdd" + (1 << 20).to_bytes(4, "big") + b"\x90" * (1 << 20)
    content = b"\xde" + b"\x00\x0f" + encode_header(HEADER)[1:] + b"\xa1x" + b"\x9f" + million * 15
    archive_of(path, header=encode_frame(FrameKind.HEADER, content), events=0)


def nested_header(path: Path) -> None:
    archive_of(path, header=encode_frame(FrameKind.HEADER, b"\x81\xa1x" + b"\x81\xa1x" * 1_000_000), events=0)


def negative_task(path: Path) -> None:
    archive_of(path, event_frame(b"\x93\x0b\xff\xa1x"))


def negative_count(path: Path) -> None:
    """A count of events that is a negative number in 32 bits, and a number of an event that is one in 64."""
    frame = encode_frame(FrameKind.EVENTS, NOTE + b"\xa1x", first_event=(1 << 64) - 1, event_count=(1 << 32) - 1)
    archive_of(path, frame)


def wrong_blob(path: Path) -> None:
    """Only who reads it can tell."""
    archive_of(path, encode_frame(FrameKind.BLOB, bytes(16 << 20), digest=bytes(32)), events=0, blobs=1)


def markers(path: Path) -> None:
    """One megabyte of markers, each of which might begin a frame, before one that does."""
    header = encode_frame(FrameKind.HEADER, encode_header(HEADER))
    path.write_bytes(encode_preamble() + header + b"\xf5RDF" * (1 << 18) + event_frame(NOTE + b"\xa1x"))


HARMFUL: dict[Callable[[Path], None], str] = {
    nested_lists: "event 0 cannot be decoded",
    millions_of_lists: "more than the 1048576 items",
    many_nested_lists: "more than the 1048576 items",
    pretended_lists: "event 0 ",
    pretended_bytes: "event 0 ",
    large_integers: "more than the 1048576 items",
    endless_event: "REDRIVE_LARGE_EVENTS",
    huge_write: "REDRIVE_LARGE_EVENTS",
    lists_in_the_header: "items",
    nested_header: "the header cannot be decoded",
    negative_task: "Note.task: a whole number from 0 on expected, found -1",
    negative_count: "event",
    wrong_blob: "holds other bytes than its name says",
    markers: "are not the head of a frame",
}
COMMANDS = (("ps",), ("dump",), ("dump", "--json"), ("verify",))
ONLY_VERIFY = (wrong_blob,)


@pytest.mark.parametrize("make", HARMFUL, ids=lambda make: str(make.__name__))
def test_made_to_harm(redrive: Redrive, make: Callable[[Path], None]) -> None:
    path = redrive.folder / "harmful.redrive"
    make(path)
    for command in COMMANDS if make not in ONLY_VERIFY else (("verify",),):
        ended = run_limited(redrive, *command, path)
        assert ended.status == 1, (command, ended)
        complaint = ended.output + ended.said
        assert "Traceback" not in complaint and "error of Redrive's own" not in complaint, (command, ended)
        assert str(path) in complaint and "offset" in complaint, (command, ended)
        assert HARMFUL[make] in complaint, (command, ended)
        assert ended.memory < MEMORY, (command, ended)
        assert ended.seconds < SECONDS, (command, ended)
        print(f"{make.__name__} {command}: {ended.seconds:.2f} s, {ended.memory >> 20} MiB")


def test_long_commands_and_endless_calls(redrive: Redrive) -> None:
    """Nothing is wrong with it, but all together it is more than may be held in memory."""
    path = redrive.folder / "long.redrive"
    writer = ArchiveWriter(path, HEADER)
    arguments = (bytes(LONGEST_ARGUMENT),) * 32
    inputs = ((0, bytes(LONGEST_INPUT)),) * INPUTS_AT_MOST
    for task in range(160):
        writer.write(Exec(task, task, b"", arguments, (), bytes(216), b"", 0, (), (), b""))
    for task in range(5000):
        writer.write(SyscallEntry(task, 1, bytes(216), (), inputs, b""))
    writer.close(OUTCOME)
    for command in ("ps", "dump"):
        ended = run_limited(redrive, command, path)
        assert (ended.status, ended.said) == (0, "")
        assert ended.memory < MEMORY, ended.memory


def test_a_long_chain_of_forks(redrive: Redrive) -> None:
    """Nothing is wrong with it; shown as a tree it would be its square in size."""
    path = redrive.folder / "chain.redrive"
    writer = ArchiveWriter(path, HEADER)
    for task in range(1, 20_000):
        writer.write(Clone(task, task + 1, 17, bytes(216), (), b""))
    writer.close(OUTCOME)
    ended = run_limited(redrive, "ps", path)
    assert (ended.status, ended.said) == (0, "")
    assert ended.memory < MEMORY // 4, ended.memory
    assert (redrive.folder / "output").stat().st_size < 20_000 * 150
