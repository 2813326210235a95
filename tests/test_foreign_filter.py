"""Redrive under a seccomp filter that it was started with, a container's or a sandbox's: it keeps its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from redrive.replayer.replay import replay
from redrive.tracee.regime_probe import PAIRS
from tests.c_programs import SKIPPED
from tests.redrive_command import Redrive

RULES = {
    "errors": ["111=errno:123", "102=errno:0", "140=errno:38", "86=errno:40", "323=errno:97", "157/25=errno:99"],
    "skipped": ["-1=kill"],
    "traps": ["124=trap", "25/0=trap", "30=trap", "22=trap"],
    "deaths": ["147=kill"],
    "supervised": ["124=answer:17", "99=continue"],
}
"""By what a run is about: rules of tests/programs/foreign_filter.c, for the calls of under_foreign_filter.c."""


@pytest.mark.parametrize("about", RULES)
def test_the_filter_keeps_its_meaning(about: str, redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    filtered = redrive.behind(launcher("foreign_filter"), *RULES[about], "--")
    program = launcher("under_foreign_filter")
    native = filtered.native(program, about)
    if native.status == SKIPPED:
        pytest.skip(native.stderr.decode())
    assert native.status == 0, f"not even without Redrive: {native}"
    assert redrive.native(program, about).status == 1 or about == "skipped", "the filter makes no difference"

    archive = redrive.folder / "trace"
    recording = filtered.record(archive, program, about)
    assert recording.status == 0, str(recording)
    assert b"as the filter has it" in recording.stdout
    redrive.replay_repeats(archive, recording)
    filtered.replay_repeats(archive, recording)


def test_a_filter_that_kills_for_seccomp_itself(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    """As those do that list what they allow, and know only prctl(2)."""
    filtered = redrive.behind(launcher("foreign_filter"), "317=kill", "--")
    archive = redrive.folder / "trace"
    recording = filtered.record(archive, "sh", "-c", "echo out; exit 5")
    assert (recording.status, recording.stdout) == (5, b"out\n"), str(recording)
    filtered.replay_repeats(archive, recording)


COMMANDS = {
    "bash": [
        "bash",
        "-c",
        "for i in 1 2 3; do (echo $i $RANDOM; exit $i) & done; wait; seq 50 | sort -n | tail -3 | tr 4 x",
    ],
    "python": [
        "python3",
        "-c",
        "import subprocess, time; print(time.time(), subprocess.run(['date'], capture_output=True).stdout)",
    ],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_replay_by_breakpoints(name: str, redrive: Redrive, capfd: pytest.CaptureFixture[str]) -> None:
    """How replay works before 4.8 under a filter that was inherited: hardware breakpoints in place of PTRACE_SYSEMU."""
    archive = redrive.folder / "trace"
    recording = redrive.record(archive, *COMMANDS[name])
    assert recording.status == 0, str(recording)
    result = replay(archive, force_breakpoints=True)
    assert (result.complete, result.wait_status) == (True, 0)
    assert capfd.readouterr().out.encode() == recording.stdout


ACTIONS = ("errno:1", "errno:0", "trap", "kill", "trace", "answer:17", "never")


@pytest.mark.parametrize("action", ACTIONS)
def test_the_filter_answers_what_the_probe_tries_first(
    action: str, redrive: Redrive, launcher: Callable[[str], Path]
) -> None:
    for number in PAIRS[0]:
        archive = redrive.folder / f"trace-{number}"
        # Python's site module asks for its user with one of these calls, to look for that user's packages.
        environment = {**redrive.environment, "PYTHONNOUSERSITE": "1"}
        behind = redrive.behind(launcher("foreign_filter"), f"{number}={action}", "--")
        filtered = replace(behind, environment=environment)
        native = filtered.native("true")
        if native.status == SKIPPED:
            pytest.skip(native.stderr.decode())
        recording = filtered.record(archive, "echo", "recorded")
        assert (recording.status, recording.stdout) == (0, b"recorded\n"), str(recording)
        filtered.replay_repeats(archive, recording)


def test_the_filter_answers_all_that_the_probe_tries(redrive: Redrive, launcher: Callable[[str], Path]) -> None:
    rules = [f"{traced}=errno:1" for traced, _ in PAIRS]
    filtered = redrive.behind(launcher("foreign_filter"), *rules, "--")
    recording = filtered.run("record", "-o", redrive.folder / "trace", "--", "true")
    assert recording.status == 1 and b"a filter that Redrive was started under" in recording.said, str(recording)
