"""Memory that the recorded program shares with a process that is not recorded: this one."""

from __future__ import annotations

import mmap
import os
import random
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from tests.redrive_command import Redrive, Run

SIZE = 65536


def _answer(shared: mmap.mmap, to: Path, asked: Path) -> None:
    """At each token: add to the word that was written, and leave another one for it."""
    with open(asked, "rb", buffering=0) as questions, open(to, "wb", buffering=0) as answers:
        position = 0
        while questions.read(1):
            (value,) = struct.unpack_from("<Q", shared, 8 * position)
            struct.pack_into("<Q", shared, 8 * position, value + random.getrandbits(40))
            struct.pack_into("<Q", shared, 8 * (8191 - 100 * position), random.getrandbits(60))
            position += 1
            answers.write(b"!")


def _record(redrive: Redrive, archive: Path, program: Path, *more: str) -> tuple[Run, list[Path]]:
    """A recording of the program, answered by this process, and the files they talk by."""
    names = [redrive.folder / name for name in ("shared", "questions", "answers")]
    for fifo in names[1:]:
        os.mkfifo(fifo)
    with open(names[0], "w+b") as file:
        file.truncate(2 << 20)
        shared = mmap.mmap(file.fileno(), SIZE)
    thread = threading.Thread(target=_answer, args=(shared, names[2], names[1]))
    thread.start()
    recording = redrive.record(archive, program, *names, *more)
    thread.join()
    return recording, names


def test_what_others_write_is_recorded(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    archive = redrive.folder / "trace"
    recording, names = _record(redrive, archive, launcher("shares_with_outside"))
    assert recording.status == 0, str(recording)
    assert len(recording.stdout.splitlines()) == 20
    note = f"shares memory ({names[0]}) with process {os.getpid()} (".encode()
    assert note in recording.said, str(recording)
    for name in names:
        name.unlink()
    redrive.replay_repeats(archive, recording)
    redrive.replay_repeats(archive, recording)


def test_what_has_become_too_large_to_copy_is_said(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    recording, _ = _record(redrive, redrive.folder / "trace", launcher("shares_with_outside"), "more")
    assert recording.status == 0, str(recording)
    copied, given_up = (line for line in recording.said.splitlines() if b"shares memory" in line)
    assert copied.endswith(b"is copied at syscalls") and b"too large to be copied" in given_up
