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


@pytest.fixture
def contained(redrive: Redrive) -> Redrive:
    """Redrive as root without CAP_SYS_PTRACE, as in a Docker container."""
    powerless = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    if shutil.which("setpriv") is None or subprocess.run([*powerless, "true"]).returncode:
        pytest.skip("needs setpriv, and the right to drop a capability")
    return redrive.behind(*powerless)


FOLLOWED = """
setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '
    id -u; for i in 1 2 3; do (id -g; cat /etc/hostname > /dev/null) | cat; done
    perl -e "print syscall(157, 3), chr(10)"; exec sleep 0.2' &
for i in 1 2 3 4 5; do cat /etc/shadow > /dev/null || exit; sleep 0.05; done
wait
python3 -c '
import ctypes, os, threading
if os.fork() == 0:
    os.setgid(1)
    os.setuid(1)
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), os.getresuid())
    threads = [threading.Thread(target=sum, args=(range(300000),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.execlp("id", "id", "-u")
os.wait()
print(os.getuid())'
"""
"""By setpriv and by itself, with children and threads, beside root's processes, and undumpable by the kernel."""


@root_only
def test_process_that_becomes_another_user(contained: Redrive) -> None:
    archive = contained.folder / "trace"
    natively = contained.native("sh", "-c", FOLLOWED)
    assert natively.status == 0, str(natively)
    recording = contained.record(archive, "sh", "-c", FOLLOWED)
    assert (recording.status, recording.stdout, recording.stderr) == (0, natively.stdout, natively.stderr)
    contained.replay_repeats(archive, recording)


@root_only
def test_process_that_becomes_another_user_by_half(contained: Redrive) -> None:
    """Nobody has the same user then, real and effective."""
    archive = contained.folder / "trace"
    recording = contained.record(archive, "sh", "-c", "echo before; exec setpriv --euid=65534 echo after")
    assert (recording.status, recording.stdout) == (1, b"before\n"), str(recording)
    assert b"has become another user (setresuid)" in recording.said and b"SYS_PTRACE" in recording.said
    contained.replay_repeats(archive, recording)
