"""What a program is shown of the CPU, and how it was started makes no difference to that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redrive_command import Redrive

LOADER = Path("/lib64/ld-linux-x86-64.so.2")


def answers(redrive: Redrive, archive: Path) -> int:
    """How many cpuid instructions the recorder has answered."""
    return redrive.run("dump", archive).stdout.count(b"--- cpuid at ")


def test_the_loader_is_answered(redrive: Redrive) -> None:
    archive = redrive.folder / "trace"
    assert redrive.record(archive, "true").status == 0
    assert answers(redrive, archive) > 10


def test_nothing_is_answered_where_the_user_says_so(redrive: Redrive) -> None:
    archive = redrive.folder / "trace"
    recording = redrive.run("record", "--native-cpuid", "-o", archive, "--", "true")
    assert recording.status == 0
    assert answers(redrive, archive) == 0
    assert b"cpuid faulting no, cpuid planted no" in redrive.run("info", archive).stdout
    redrive.replay_repeats(archive, recording)


def test_both_ways_at_once_are_refused(redrive: Redrive) -> None:
    ended = redrive.run("record", "--portable", "--native-cpuid", "true")
    assert ended.status == 2
    assert b"--native-cpuid shows all" in ended.stderr + ended.said


def test_a_program_that_the_loader_is_told_to_run(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    if not LOADER.exists():
        pytest.skip("not glibc's loader")
    archive = redrive.folder / "trace"
    recording = redrive.record(archive, LOADER, launcher("hidden_features"))
    assert recording.stdout == b"rdrand: 0 0\nrdseed: 0 0\n"
    redrive.replay_repeats(archive, recording)


def test_where_all_that_is_readable_may_be_executed(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    """personality(READ_IMPLIES_EXEC): data is not taken for code, and code is what it is without."""
    program = launcher("hidden_features")
    recordings = {}
    for name, command in (("as ever", ["env"]), ("implied", ["setarch", "--read-implies-exec"])):
        archive = redrive.folder / name
        recordings[name] = redrive.record(archive, *command, program)
        assert recordings[name].stdout == b"rdrand: 0 0\nrdseed: 0 0\n"
        redrive.replay_repeats(archive, recordings[name])
    assert answers(redrive, redrive.folder / "implied") == answers(redrive, redrive.folder / "as ever")
