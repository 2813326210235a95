"""Replay of tasks: forks, clones, threads, execve, ends; and that nothing is left of them."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from redrive.formats.events import Clone, Exec, Exit
from redrive.replayer.divergence import Divergence
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.replayer.replay import replay
from redrive.tracee import registers as regs
from tests.unit.replayer_traces import DATA, FIRST_TASK, START, TraceByHand, assemble

CHILD = FIRST_TASK + 1
VFORK_FLAGS, FORK_FLAGS, THREAD_FLAGS = 0x4100, 0, 0x10F00

CLONE_STORE_LOOK = f"""
    mov $56, %eax
    syscall
    test %eax, %eax
    jnz parent
    movb $7, {DATA}
    mov $60, %eax
    syscall
parent:
    mov $39, %eax
    syscall
    movzbl {DATA}, %edi
    mov $60, %eax
    syscall
"""
CLONED, CHILD_EXIT, PARENT_GETPID, PARENT_EXIT = 7, 26, 33, 48
ZERO_AND_PARITY = 0x246
"""eflags of `test` on 0."""


@pytest.fixture(autouse=True)
def nothing_is_left() -> None:
    """A replay leaves no child behind, however it ends."""
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _child_and_parent(folder: Path, flags: int, *, found: int) -> TraceByHand:
    trace = TraceByHand(folder / "trace")
    trace.execute(assemble(CLONE_STORE_LOOK, folder))
    trace.enter(CLONED, rax=56)
    trace.registers[CHILD] = regs.replace(trace.registers[FIRST_TASK], rax=0)
    trace.write(Clone(FIRST_TASK, CHILD, flags, trace.registers[CHILD], (), b""))
    trace.enter(CHILD_EXIT, task=CHILD, rax=60, eflags=ZERO_AND_PARITY)
    trace.exit(task=CHILD)
    trace.leave(CHILD)
    # `test` on a small number with an odd count of bits or an even one.
    parity = 4 if (CHILD & 0xFF).bit_count() % 2 == 0 else 0
    trace.syscall(PARENT_GETPID, FIRST_TASK, rax=39, eflags=0x202 | parity)
    trace.enter(PARENT_EXIT, rax=60, rdi=found)
    trace.exit(found << 8)
    return trace


def test_a_fork_has_memory_of_its_own(tmp_path: Path) -> None:
    assert replay(_child_and_parent(tmp_path, FORK_FLAGS, found=0).close()).wait_status == 0


@pytest.mark.parametrize("flags", [VFORK_FLAGS, THREAD_FLAGS])
def test_a_clone_that_shares_memory(tmp_path: Path, flags: int) -> None:
    assert replay(_child_and_parent(tmp_path, flags, found=7).close()).wait_status == 7 << 8


def test_a_leader_may_end_before_its_threads(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(CLONE_STORE_LOOK, tmp_path))
    trace.enter(CLONED, rax=56)
    trace.registers[CHILD] = regs.replace(trace.registers[FIRST_TASK], rax=0)
    trace.write(Clone(FIRST_TASK, CHILD, THREAD_FLAGS, trace.registers[CHILD], (), b""))
    trace.exit(3 << 8)
    trace.enter(CHILD_EXIT, task=CHILD, rax=60, eflags=ZERO_AND_PARITY)
    trace.exit(task=CHILD)
    assert replay(trace.close()).wait_status == 3 << 8


EXEC_THEN_GETPID = """
    mov $59, %eax
    syscall
"""


@pytest.mark.parametrize("flags", [FORK_FLAGS, VFORK_FLAGS])
def test_an_execve_in_a_child_leaves_the_parents_memory_alone(tmp_path: Path, flags: int) -> None:
    (tmp_path / "other").mkdir()
    other = assemble("nop\n mov $39, %eax\n syscall\n", tmp_path / "other")
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble(CLONE_STORE_LOOK, tmp_path), writes=((DATA, b"\x05"),))
    trace.enter(CLONED, rax=56)
    trace.registers[CHILD] = regs.replace(trace.registers[FIRST_TASK], rax=0)
    trace.write(Clone(FIRST_TASK, CHILD, flags, trace.registers[CHILD], (), b""))
    trace.execute(other, task=CHILD, image=2)
    trace.syscall(8, CHILD, task=CHILD, rax=39)
    trace.exit(task=CHILD)
    trace.leave(CHILD)
    parity = 4 if (CHILD & 0xFF).bit_count() % 2 == 0 else 0
    trace.syscall(PARENT_GETPID, FIRST_TASK, rax=39, eflags=0x202 | parity)
    trace.enter(PARENT_EXIT, rax=60, rdi=5)
    trace.exit()
    assert replay(trace.close()).complete


def test_without_memory_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(os, "memfd_create", refused)
    assert replay(_child_and_parent(tmp_path, FORK_FLAGS, found=0).close()).wait_status == 0


def test_an_interrupt_ends_the_replay(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("1: jmp 1b\n", tmp_path))
    trace.syscall(16, 1, rax=39)
    path = trace.close(complete=False)

    def interrupt() -> None:
        deadline = time.monotonic() + 10
        while not _children() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            replay(path)
    finally:
        sender.join()


def test_an_end_that_is_missing_is_an_error(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x90")
    with pytest.raises(UntrustworthyTrace, match=f"never ends task {FIRST_TASK}"):
        replay(trace.close())


def test_a_signal_from_outside_changes_nothing(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    # Counts down for some tenths of a second.
    trace.execute(assemble("mov $1000000000, %ecx\n1: dec %ecx\n jnz 1b\n mov $39, %eax\n syscall\n", tmp_path))
    trace.syscall(16, 1, rax=39, eflags=ZERO_AND_PARITY)
    trace.exit()
    path = trace.close()

    sent: list[int] = []

    def send() -> None:
        deadline = time.monotonic() + 10
        while not (children := _children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        for child in children:
            os.kill(child, signal.SIGUSR1)
            os.kill(child, signal.SIGTSTP)
            os.kill(child, signal.SIGCONT)
            sent.append(child)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert replay(path).complete
    finally:
        sender.join()
    assert sent


def _children() -> list[int]:
    """The tasks of a replay in this process; not the child on which the kernel is probed first."""
    # A task that is ending has no command line any more, but the name it had.
    own = Path("/proc/self/comm").read_bytes()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
                replayed = Path(f"/proc/{name}/comm").read_bytes() != own
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and replayed:
                found.append(int(name))
    return found


def test_a_task_that_is_killed_from_outside_is_a_divergence(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(assemble("1: jmp 1b\n", tmp_path))
    trace.syscall(16, 1, rax=39)
    path = trace.close(complete=False)

    def kill() -> None:
        deadline = time.monotonic() + 10
        while not (children := _children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        for child in children:
            os.kill(child, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(Divergence, match="killed from outside"):
            replay(path)
    finally:
        killer.join()


def test_an_execve_by_a_thread_that_is_not_there(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x90")
    trace.write(Exec(FIRST_TASK, FIRST_TASK + 1, b"", (), (), START, b"", 8 << 20, (), (), b""))
    with pytest.raises(ReplayError, match="not there"):
        replay(trace.close(complete=False))


def test_a_task_that_never_began(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x90")
    trace.write(Exit(CHILD, 0, (), b""))
    with pytest.raises(
        UntrustworthyTrace, match=f"event 1: the trace has an event of task {CHILD}, which is not there"
    ):
        replay(trace.close(complete=False))
