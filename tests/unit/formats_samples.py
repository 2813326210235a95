"""Events, headers and small archives for the tests of redrive.formats."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from redrive.formats import background_writer, events
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.blobs import BlobCache
from redrive.formats.events import Event
from redrive.formats.frame_file import FrameFile
from redrive.formats.frames import FORMAT_VERSION, PREAMBLE_SIZE, Frame, FrameKind
from redrive.formats.header import CpuIdentification, CpuidLeaf, Header
from redrive.formats.outcome import Outcome

HEADER = Header(
    format_version=FORMAT_VERSION,
    redrive_version="0.1.0",
    kernel_release="6.1.0-18-amd64",
    kernel_version="#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1",
    machine="x86_64",
    regime="R3",
    features={"cpuid_faulting": False, "syscall_info": True, "xsave_size": 2696, "aslr": "off"},
    cpu=CpuIdentification(
        "GenuineIntel", "A processor", 6, 85, 7, ("fpu", "sse2"), 0xE7, (CpuidLeaf(1, 0, 2, 3, 4, 5),)
    ),
    page_size=4096,
    command=(b"ls", b"-l", b"\xff"),
    working_directory=b"/home/user",
    environment=(b"HOME=/home/user", b"X=\xfe"),
    start_time=1700000000.25,
    options={"aslr": False},
)
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)]),
}
"""For a child process that imports what this one does."""
OUTCOME = Outcome(complete=True, reason="", end_time=1700000001.5, exit_status=0x100, summary={"tasks": 2})

unsigned = st.integers(0, 2**64 - 1)
signed = st.integers(-(2**63), 2**64 - 1)
octets = st.binary(max_size=40)
registers = st.binary(min_size=216, max_size=216)
digests = st.binary(min_size=32, max_size=32)
labels = st.text(max_size=10) | octets.map(os.fsdecode)


def tuples_of(item: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(item, max_size=3).map(tuple)


pairs = tuples_of(st.tuples(unsigned, octets))
xstates = st.binary(min_size=576, max_size=600)

_FIELDS = {
    "address": unsigned,
    "length": unsigned,
    "new_address": unsigned,
    "new_length": unsigned,
    "protection": unsigned,
    "advice": signed,
    "flags": unsigned,
    "image": st.none() | st.builds(events.Image, unsigned, unsigned),
    "label": labels,
    "size": unsigned,
    "offset": unsigned,
    "extents": tuples_of(st.builds(events.Extent, unsigned, unsigned, digests)),
    "data": octets,
    "stream": st.sampled_from([1, 2]),
    "pieces": tuples_of(st.tuples(unsigned, unsigned)),
    "number": unsigned,
    "task": unsigned,
    "former_task": unsigned,
    "child": unsigned,
    "path": octets,
    "arguments": tuples_of(octets),
    "environment": tuples_of(octets),
    "registers": registers,
    "entry": registers,
    "before": registers,
    "after": registers,
    "exit": signed | registers,
    "xstate": xstates,
    "handler_registers": st.just(b"") | registers,
    "handler_xstate": st.just(b"") | xstates,
    "stack_limit": unsigned,
    "writes": pairs,
    "inputs": pairs,
    "stops": octets,
    "signal": unsigned,
    "siginfo": st.binary(min_size=128, max_size=128),
    "point": st.sampled_from([int(point) for point in events.SignalPoint]),
    "action": st.sampled_from([int(action) for action in events.SignalAction]),
    "cause": st.sampled_from([int(cause) for cause in events.TrapCause]),
    "status": signed,
    "text": labels,
    "code": st.binary(max_size=15),
    "clues": tuples_of(st.tuples(st.sampled_from([int(clue) for clue in events.Clue]), unsigned)),
    "witnesses": pairs,
    "ran": unsigned,
}


def instances(kind: type) -> st.SearchStrategy:
    """Instances of one event or effect class."""
    return st.builds(kind, **{name: _FIELDS[name] for name in kind._fields})


_FIELDS["effects"] = tuples_of(st.one_of([instances(kind) for kind in events.EFFECT_CODES]))
every_event: st.SearchStrategy[Event] = st.one_of([instances(kind) for kind in events.EVENT_CODES])


def syscall(number: int, data: bytes = b"data") -> events.Syscall:
    """A syscall that can be told from others."""
    return events.Syscall(100, number, bytes(216), len(data), ((0x1000, data),), (), (), b"")


def frames_of(path: Path, kind: FrameKind | None = None) -> list[Frame]:
    """The heads of an archive's frames, all of them or those of one kind."""
    file = FrameFile(path)
    frames = [frame for frame in file.walk(PREAMBLE_SIZE, file.size) if kind is None or frame.kind == kind]
    file.close()
    return frames


def write_archive(
    path: Path,
    recorded: list[Event],
    *,
    blobs: tuple[bytes, ...] = (),
    cache: BlobCache | None = None,
    outcome: Outcome = OUTCOME,
) -> None:
    """An archive with these blobs and events, closed."""
    writer = ArchiveWriter(path, HEADER, blob_cache=cache)
    for blob in blobs:
        writer.add_blob(blob)
    for event in recorded:
        writer.write(event)
    writer.close(outcome)


EVENTS: list[Event] = [syscall(number) for number in range(8)]
BLOBS = (b"first blob", b"second blob")


def write_several_frames(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small closed archive of EVENTS, in several frames, and BLOBS."""
    monkeypatch.setattr(background_writer, "FRAME_SIZE", 400)
    write_archive(path, EVENTS, blobs=BLOBS)
    return path
