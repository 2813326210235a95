"""What an ordinary user's recorder may not look into, or what a program does not gain under it: said in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.redrive_command import Redrive

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file or a process away")


def program(folder: Path, name: str, mode: int) -> Path:
    """A copy of echo."""
    echo = shutil.which("echo")
    assert echo is not None
    path = folder / name
    shutil.copyfile(echo, path)
    path.chmod(mode)
    return path


def test_program_that_may_only_be_executed(ordinary: Redrive) -> None:
    path = program(ordinary.folder, "secret", 0o111)
    assert ordinary.native(path, "natively").stdout == b"natively\n"
    archive = ordinary.folder / "trace"
    recording = ordinary.record(archive, path, "recorded")
    assert (recording.status, recording.stdout) == (126, b""), str(recording)
    assert f"cannot record {path} (mode 0111)".encode() in recording.said and b"chmod a+r" in recording.said
    assert not archive.exists()


def test_child_that_may_only_be_executed(ordinary: Redrive) -> None:
    path = program(ordinary.folder, "secret", 0o111)
    archive = ordinary.folder / "trace"
    recording = ordinary.record(archive, "sh", "-c", f"echo before; {path} recorded; echo after")
    assert (recording.status, recording.stdout) == (1, b"before\n"), str(recording)
    assert f"cannot record {path} (mode 0111)".encode() in recording.said, str(recording)
    ordinary.replay_repeats(archive, recording)


def test_interpreter_that_may_only_be_executed(ordinary: Redrive) -> None:
    interpreter = program(ordinary.folder, "secret", 0o111)
    script = ordinary.folder / "script"
    script.write_text(f"#! {interpreter}\n")
    script.chmod(0o755)
    recording = ordinary.record(ordinary.folder / "trace", script)
    assert recording.status == 126, str(recording)
    assert f"cannot record {script}: its interpreter {interpreter} (mode 0111)".encode() in recording.said


def test_undumpable_program(ordinary: Redrive) -> None:
    """One that asks for it itself is recorded all the same: prctl is answered by the recorder."""
    perl = shutil.which("perl")
    if perl is None:
        pytest.skip("needs the package perl")
    archive = ordinary.folder / "trace"
    text = "syscall(157, 4, 0) == 0 or die; print syscall(157, 3), ' of ', `echo $$`"
    recording = ordinary.record(archive, perl, "-e", text)
    assert recording.status == 0 and recording.stdout.startswith(b"0 of "), str(recording)
    ordinary.replay_repeats(archive, recording)


@root_only
@pytest.mark.parametrize(("mode", "words"), [(0o4755, b"set-user-ID (user 0)"), (0o2755, b"set-group-ID (group 0)")])
def test_program_that_would_gain_privileges(ordinary: Redrive, mode: int, words: bytes) -> None:
    if os.statvfs(ordinary.folder).f_flag & os.ST_NOSUID:
        pytest.skip(f"{ordinary.folder} is mounted nosuid")
    path = program(ordinary.folder, "powerful", mode)
    archive = ordinary.folder / "trace"
    recording = ordinary.record(archive, "sh", "-c", f"{path} once; {path} twice")
    assert (recording.status, recording.stdout) == (0, b"once\ntwice\n"), str(recording)
    assert recording.said.count(words) == 1 and b"gains no privileges" in recording.said, str(recording)
    ordinary.replay_repeats(archive, recording)


@root_only
def test_process_that_becomes_another_user(redrive: Redrive) -> None:
    """Root without CAP_SYS_PTRACE, as in a Docker container, loses sight of it."""
    powerless = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    if shutil.which("setpriv") is None or subprocess.run([*powerless, "true"]).returncode:
        pytest.skip("needs setpriv, and the right to drop a capability")
    contained = redrive.behind(*powerless)
    archive = redrive.folder / "trace"
    recording = contained.record(archive, "sh", "-c", "echo before; exec setpriv --reuid=65534 echo after")
    assert (recording.status, recording.stdout) == (1, b"before\n"), str(recording)
    assert b"has become another user (setresuid)" in recording.said and b"SYS_PTRACE" in recording.said
    contained.replay_repeats(archive, recording)
