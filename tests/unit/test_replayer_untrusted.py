"""A trace is untrusted input: what no recorder writes is refused, and nothing is done for it."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from redrive.formats.errors import DamagedArchive
from redrive.formats.events import (
    Advise,
    Effect,
    Extent,
    Image,
    ImageContent,
    ImageSize,
    ImageWrite,
    Map,
    Protect,
    Remap,
    Restart,
    SyscallExit,
    Unmap,
    WriteTo,
)
from redrive.replayer import confinement, stub
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.replayer.exits import end_processes
from redrive.replayer.replay import replay
from redrive.tracee import cpu, kernel, ptrace
from redrive.tracee import registers as regs
from redrive.tracee.agent_pages import AGENT_ADDRESS
from redrive.tracee.eras import Regime
from redrive.tracee.mappings import USER_END
from redrive.tracee.remote_calls import Call, run
from redrive.tracee.tracee import Tracee
from tests.unit.replayer_traces import DATA, FIRST_TASK, PAGE, START, TraceByHand, header

PRIVATE = 0x22
AGENT_PAGES = 16


def _map(
    address: int, length: int = PAGE, flags: int = PRIVATE, protection: int = 3, image: Image | None = None
) -> Map:
    return Map(address, length, protection, flags, image, "/etc/shadow")


HOSTILE: tuple[Effect, ...] = (
    _map(AGENT_ADDRESS),
    _map(AGENT_ADDRESS - PAGE, 2 * PAGE),
    _map(AGENT_ADDRESS + (AGENT_PAGES - 1) * PAGE),
    _map(DATA + 1),
    _map(DATA, 0),
    _map(USER_END),
    _map(USER_END - PAGE, 2 * PAGE),
    _map(2**64 - PAGE, 2 * PAGE),
    _map(DATA, 2**64 - 1),
    _map(DATA, flags=PRIVATE | 0x40000),
    _map(DATA, flags=0),
    _map(DATA, protection=0x100_0000),
    _map(DATA, image=Image(99, 0)),
    _map(DATA, image=Image(1, 1)),
    _map(DATA, image=Image(1, 2**64 - PAGE)),
    Unmap(AGENT_ADDRESS, PAGE),
    Unmap(0, USER_END),
    Protect(AGENT_ADDRESS, PAGE, 7),
    Remap(DATA, PAGE, AGENT_ADDRESS, PAGE, 0),
    Remap(AGENT_ADDRESS, PAGE, DATA, PAGE, 0),
    Remap(DATA, PAGE, DATA + PAGE, PAGE, 2),
    Advise(AGENT_ADDRESS, PAGE, 4),
    Advise(DATA, PAGE, 100),
    ImageContent(7, 2**60, (), ""),
    ImageContent(7, PAGE, (Extent(0, 5, b"digest"),), ""),
    ImageWrite(1, 2**60, b"x"),
    ImageWrite(99, 0, b"x"),
    ImageSize(1, 2**60),
    ImageSize(99, 0),
    WriteTo(99, DATA, b"x"),
    WriteTo(FIRST_TASK, AGENT_ADDRESS, b"x"),
    WriteTo(FIRST_TASK, AGENT_ADDRESS - 4, b"12345"),
    WriteTo(FIRST_TASK, 2**64 - 1, b"x"),
)


@pytest.mark.parametrize("effect", HOSTILE, ids=str)
def test_hostile_effects(tmp_path: Path, effect: Effect) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x0f\x05", effects=(effect,))
    refused = trace.close(complete=False)
    with pytest.raises((UntrustworthyTrace, DamagedArchive)):
        replay(refused)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_write_over_the_stub(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x0f\x05", writes=((AGENT_ADDRESS + 0x200, b"\x0f\x05"),))
    with pytest.raises(UntrustworthyTrace, match="event 0"):
        replay(trace.close(complete=False))


def test_a_syscall_that_ends_without_a_beginning(tmp_path: Path) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x0f\x05")
    trace.write(SyscallExit(FIRST_TASK, 1, 0, b"", (), (), b""))
    with pytest.raises(UntrustworthyTrace, match="never began"):
        replay(trace.close(complete=False))


@pytest.mark.parametrize("changed", [{"cs": 0x10}, {"ss": 0x10}, {"fs_base": 2**63}])
def test_registers_that_no_task_can_have(tmp_path: Path, changed: dict[str, int]) -> None:
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x0f\x05")
    trace.write(Restart(FIRST_TASK, regs.replace(START, **changed)))
    trace.syscall(2, 0)
    with pytest.raises(ReplayError, match="event 2"):
        replay(trace.close(complete=False))


def test_a_cpu_without_what_the_program_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "features", lambda: ("sse3",))
    trace = TraceByHand(tmp_path / "trace", header(names=("sse3", "avx2")))
    trace.execute(b"\x0f\x05")
    with pytest.raises(ReplayError, match="avx2"):
        replay(trace.close(complete=False))


def test_what_it_may_use_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(tracee: Tracee) -> None:
        limits = [resource.prlimit(tracee.tid, kind) for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)]
        seen.append((limits, Path(f"/proc/{tracee.tid}/oom_score_adj").read_text()))

    monkeypatch.setattr("redrive.replayer.executions.limit_stack", lambda task, limit: look(task.tracee))
    trace = TraceByHand(tmp_path / "trace")
    trace.execute(b"\x0f\x05")
    replay(trace.close(complete=False))
    assert seen == [([(0, 0), (0, 0)], "1000\n")]


def test_a_syscall_that_escapes_kills(tmp_path: Path) -> None:
    if kernel.probe().regime is not Regime.R3:
        pytest.skip("before Linux 4.8 the filter would come before PTRACE_SYSEMU")
    starter = stub.Stub()
    tracee = starter.start()
    try:
        confinement.confine(tracee)
        run(tracee, [Call(9, (DATA, PAGE, 7, 0x32, 2**64 - 1, 0))])
        tracee.write(DATA, b"\x0f\x05\xcc")
        registers = regs.replace(START, rip=DATA)
        tracee.step_from(registers, ptrace.SYSEMU)
        assert tracee.stop.status == ptrace.SYSCALL_STOP_SIGNAL << 8 | 0x7F
        tracee.step_from(registers, ptrace.CONT)
        assert os.WIFSIGNALED(tracee.stop.status)
    finally:
        end_processes([tracee])
        starter.close()
