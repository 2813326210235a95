"""What is done to one stopped task: real tracees, brought to their program's first instruction."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redrive.tracee import kernel, ptrace, xstate
from redrive.tracee import registers as regs
from redrive.tracee.eras import Meaning, SyscallTracker
from redrive.tracee.errors import SpawnFailed, TraceeError, TraceeGone
from redrive.tracee.initial_stack import AT_SYSINFO_EHDR, read_initial_stack
from redrive.tracee.injection import Injector
from redrive.tracee.mappings import PROT_EXEC, PROT_WRITE, Mapping, find_mapping, read_mappings
from redrive.tracee.seccomp_filter import record_filter
from redrive.tracee.spawn import SpawnOptions, spawn
from redrive.tracee.syscalls import MemoryFault
from redrive.tracee.tracee import Tracee

_GETPID, _MPROTECT = 39, 10
_UNMAPPED = 0x1000


def start(options: SpawnOptions, *arguments: bytes, environment: tuple[bytes, ...] = ()) -> Tracee:
    """A tracee of /bin/true, stopped at the exit of its execve."""
    spawned = spawn("/bin/true", [b"true", *arguments], environment, options)
    os.close(spawned.error_descriptor)
    tracee = Tracee(spawned.tid)
    tracee.wait()
    while tracee.stop.status >> 16 != ptrace.EVENT_EXEC:
        assert os.WIFSTOPPED(tracee.stop.status)
        tracee.step(ptrace.CONT)
    tracee.step(ptrace.SYSCALL)
    return tracee


def end(tracee: Tracee) -> None:
    """Kill and reap it, unless it is gone."""
    while not (os.WIFEXITED(tracee.stop.status) or os.WIFSIGNALED(tracee.stop.status)):
        os.kill(tracee.tid, signal.SIGKILL)
        tracee.step(ptrace.CONT)


@pytest.fixture(params=[record_filter(), None], ids=["filtered", "unfiltered"])
def tracee(request: pytest.FixtureRequest) -> Iterator[Tracee]:
    found = start(SpawnOptions(request.param), b"an argument", environment=(b"NAME=value",))
    yield found
    end(found)


@pytest.fixture
def code(tracee: Tracee) -> Mapping:
    mapping = find_mapping(read_mappings(tracee.tid), regs.get(tracee.registers, "rip"))
    assert mapping is not None
    return mapping


class Injection:
    """An injector at the vDSO's syscall instruction, and what it said."""

    def __init__(self, tracee: Tracee) -> None:
        self.stops: list[Meaning] = []
        self.postponed: list[int] = []
        regime = kernel.probe().regime
        self._injector = Injector(tracee, SyscallTracker(regime), self.stops.append, self._postpone)
        vdso = next(mapping for mapping in read_mappings(tracee.tid) if mapping.name == b"[vdso]")
        self._instruction = vdso.start + tracee.read(vdso.start, vdso.length).index(b"\x0f\x05")

    def _postpone(self, number: int, registers: bytes, siginfo: bytes) -> None:
        self.postponed.append(number)

    def __call__(self, number: int, *arguments: int) -> int:
        return self._injector.call(self._instruction, number, *arguments)


def test_registers_by_name_survive_a_round_trip() -> None:
    values = {name: index for index, name in enumerate(regs.NAMES)}
    packed = regs.replace(bytes(regs.SIZE), **values)
    assert regs.unpack(packed) == values
    assert regs.get_signed(regs.replace(packed, rax=-38), "rax") == -38


def test_memory_is_read_to_where_it_ends(tracee: Tracee) -> None:
    stack = find_mapping(read_mappings(tracee.tid), regs.get(tracee.registers, "rsp"))
    assert stack is not None
    assert len(tracee.read_available(stack.end - 100, 8192)) == 100
    with pytest.raises(MemoryFault):
        tracee.read(stack.end - 100, 101)
    assert tracee.read_available(_UNMAPPED, 16) == b""


def test_code_is_written_whatever_its_protection(tracee: Tracee, code: Mapping) -> None:
    assert code.protection & PROT_EXEC and not code.protection & PROT_WRITE
    tracee.write(code.start + 5, b"patched")
    assert tracee.read(code.start + 5, 7) == b"patched"
    with pytest.raises(MemoryFault):
        tracee.write(_UNMAPPED, b"x")


def test_code_is_written_where_proc_mem_respects_protection(tmp_path: Path) -> None:
    """As a system may have it since Linux 6.12; none here has, so a library in the tracer refuses such writes."""
    source, library = tmp_path / "refuses.c", tmp_path / "refuses.so"
    source.write_text(
        "#include <errno.h>\n#include <sys/types.h>\n"
        "ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { errno = EIO; return -1; }\n"
        "ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { errno = EIO; return -1; }\n"
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    written = f"{__file__}::{test_code_is_written_whatever_its_protection.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", written]
    ended = subprocess.run(command, env=os.environ | {"LD_PRELOAD": str(library)}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


def test_extents_are_gathered_and_cut_where_unmapped(tracee: Tracee, code: Mapping) -> None:
    whole = tracee.read(code.start, 64)
    assert tracee.gather([(code.start, 8), (code.start + 32, 32)]) == [
        (code.start, whole[:8]),
        (code.start + 32, whole[32:]),
    ]
    assert tracee.gather([(code.start, 8), (_UNMAPPED, 8)]) == [(code.start, whole[:8])]
    many = [(code.start + index, 1) for index in range(64)] * 2
    assert b"".join(data for _, data in tracee.gather(many)) == whole * 2


def test_the_initial_stack_is_read(tracee: Tracee) -> None:
    rsp = regs.get(tracee.registers, "rsp")
    stack = find_mapping(read_mappings(tracee.tid), rsp)
    assert stack is not None
    initial = read_initial_stack(tracee, rsp, stack.end)
    assert initial.arguments == (b"true", b"an argument")
    assert initial.environment == (b"NAME=value",)
    assert initial.auxiliary[AT_SYSINFO_EHDR][1] in {mapping.start for mapping in read_mappings(tracee.tid)}


def test_an_injected_syscall_leaves_everything_as_it_was(tracee: Tracee, code: Mapping) -> None:
    before = tracee.registers
    # Kernels before 6.9 begin a program with bit 1 of eflags clear; the CPU sets it when the task first runs.
    before = regs.replace(before, eflags=regs.get(before, "eflags") | 2)
    inject = Injection(tracee)
    assert inject(_GETPID) == tracee.tid
    assert inject.stops[-1] is Meaning.EXIT
    assert tracee.get_registers() == before
    # PKRU is shown as in use only once the task has run, though it holds its value from execve on.
    state = tracee.get_xstate()
    assert inject(_GETPID) == tracee.tid
    assert tracee.get_registers() == before
    assert xstate.contents(tracee.get_xstate(), xstate.components()) == xstate.contents(state, xstate.components())
    assert inject(_MPROTECT, code.start, 4096, 7) == 0
    protections = {mapping.start: mapping.protection for mapping in read_mappings(tracee.tid)}
    assert protections[code.start] == 7
    assert inject(_MPROTECT, 1, 1, 1) == -22


def test_signals_stay_pending_over_an_injected_syscall(tracee: Tracee) -> None:
    os.kill(tracee.tid, signal.SIGUSR1)
    inject = Injection(tracee)
    assert inject(_GETPID) == tracee.tid
    if not inject.postponed:
        tracee.step(ptrace.CONT)
        assert os.WSTOPSIG(tracee.stop.status) == signal.SIGUSR1
    assert inject.postponed in ([], [signal.SIGUSR1])


def test_job_control_waits_for_an_injected_syscall(tracee: Tracee) -> None:
    """SIGSTOP cannot be blocked, and SIGCONT makes a stop of its own."""
    inject = Injection(tracee)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(tracee.tid, number)
        assert inject(_GETPID) == tracee.tid
    assert inject.postponed[:1] == [signal.SIGSTOP]


def test_the_vector_state_is_set_and_read_back(tracee: Tracee) -> None:
    area = bytearray(tracee.get_xstate())
    area[160:176] = bytes(range(16))
    area[xstate.LEGACY_SIZE] |= 2
    tracee.set_xstate(bytes(area))
    parts = xstate.components()
    assert tracee.get_xstate()[160:176] == bytes(range(16))
    assert xstate.contents(tracee.get_xstate(), parts) == xstate.contents(bytes(area), parts)
    area[170] ^= 1
    assert xstate.contents(tracee.get_xstate(), parts) != xstate.contents(bytes(area), parts)


def test_what_is_not_in_use_counts_as_initial(tracee: Tracee) -> None:
    area = bytearray(tracee.get_xstate())
    area[xstate.LEGACY_SIZE] &= ~2
    area[160:416] = bytes(256)
    stale = bytearray(area)
    stale[160:176] = b"left by somebody"
    parts = xstate.components()
    assert xstate.contents(bytes(area), parts) == xstate.contents(bytes(stale), parts)


def test_a_killed_tracee_is_reported_gone(tracee: Tracee) -> None:
    os.kill(tracee.tid, signal.SIGKILL)
    tracee.step(ptrace.CONT)
    while os.WIFSTOPPED(tracee.stop.status):
        tracee.step(ptrace.CONT)
    assert os.WTERMSIG(tracee.stop.status) == signal.SIGKILL
    with pytest.raises(TraceeGone):
        tracee.set_registers(bytes(regs.SIZE))
    with pytest.raises((TraceeGone, TraceeError)):
        tracee.wait()


def test_what_cannot_be_executed_is_said(tmp_path: Path) -> None:
    spawned = spawn(str(tmp_path / "none"), [b"none"], [], SpawnOptions(None))
    tracee = Tracee(spawned.tid)
    tracee.wait()
    while os.WIFSTOPPED(tracee.stop.status):
        tracee.step(ptrace.CONT)
    failure = spawned.failure()
    assert isinstance(failure, SpawnFailed) and failure.errno == 2
    assert os.WEXITSTATUS(tracee.stop.status) == 127


def test_the_probe_agrees_with_itself() -> None:
    first, second = kernel.probe(), kernel.probe()
    assert first == second
    assert first.release == os.uname().release
