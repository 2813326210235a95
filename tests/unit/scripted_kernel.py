"""The kernel side of a recording, played from the records of tests/eras: what seven real kernels showed for one call.

ScriptedKernel stands where cffi's ``lib`` stands (tracee/native), so that the recorder, and the Tracee it drives, are
the real ones.  It answers each request with the scenario's next stop, and fails where the recorder asks something else
than the scenario's tracer did, or leaves other registers.

What the records leave open is filled in as a kernel has it: the registers besides orig_rax and rax, the code around the
syscall instruction, and that rax keeps what the tracer left there wherever the kernel does not set it.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Event
from redrive.recorder import calls, families, straight_calls, waiting
from redrive.recorder.recording import Recording
from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee import tracee as tracee_module
from redrive.tracee._native import ffi, lib
from redrive.tracee.cpu import ShownCpu
from redrive.tracee.eras import ENOSYS, Regime, Request, SyscallStop
from redrive.tracee.kernel import KernelFeatures
from redrive.tracee.seccomp_filter import TRACE_DATA
from tests.eras.scenarios import GETPPID, Scenario, Step

TID = os.getpid()
"""Whose /proc/TID/status tells the recorder what a signal will do: pytest's own, which handles no SIGTRAP or SIGSYS."""
CODE = 0x40_1000
AFTER_SYSCALL = CODE + 7
AFTER_INT3 = CODE + 8
MOV_EAX = b"\xb8"
SYSCALL_INT3 = b"\x0f\x05\xcc"
SI_KERNEL, SYS_SECCOMP = 0x80, 1
AUDIT_ARCH_X86_64 = 0xC000_003E
BEFORE_CALL = (-1, GETPPID)
"""orig_rax and rax where a scenario begins."""
BEFORE = regs.replace(bytes(regs.SIZE), rip=CODE, rsp=0x7FFF_0000, orig_rax=-1, cs=0x33, ss=0x2B, eflags=0x202)

_IN_CALL = (SyscallStop.SECCOMP, SyscallStop.SYSCALL, SyscallStop.GONE)
STOP_STATUS = 0x7F
SYSCALL_STATUS = ptrace.SYSCALL_STOP_SIGNAL << 8 | STOP_STATUS
SECCOMP_STATUS = ptrace.EVENT_SECCOMP << 16 | signal.SIGTRAP << 8 | STOP_STATUS


@dataclass(frozen=True)
class Call:
    """The call that the task makes; ``memory`` is address and content of the one other place that it can read."""

    number: int = GETPPID
    arguments: Mapping[str, int] = field(default_factory=dict)
    memory: tuple[int, bytes] = (0, b"")

    @property
    def code(self) -> bytes:
        """`mov $number, %eax; syscall; int3`, which is at CODE."""
        return MOV_EAX + struct.pack("<i", self.number) + SYSCALL_INT3

    @property
    def entry(self) -> bytes:
        """The registers at its entry, as every kernel sets them."""
        flags = regs.get(BEFORE, "eflags")
        at = regs.replace(BEFORE, rip=AFTER_SYSCALL, rcx=AFTER_SYSCALL, r11=flags, **self.arguments)
        return regs.replace(at, orig_rax=self.number, rax=-ENOSYS)


def siginfo(number: int, code: int, syscall: int) -> bytes:
    """siginfo_t of asm-generic/siginfo.h with what SIGSYS has: si_call_addr, si_syscall and si_arch."""
    return struct.pack("<iii4xQiI", number, 0, code, AFTER_SYSCALL, syscall, AUDIT_ARCH_X86_64).ljust(128, b"\0")


class ScriptedKernel:
    """One task that makes ``call`` where each scenario has getppid, and then meets an int3."""

    def __init__(self, scenarios: Sequence[Scenario], call: Call, seccomp_data: int, *, code_is_readable: bool) -> None:
        self.call = call
        self.seccomp_data = seccomp_data
        self.registers = call.entry
        self.memory = [call.memory, *([(CODE, call.code)] if code_is_readable else [])]
        self.written: list[tuple[int, bytes]] = []
        """What the tracer has written to memory: (address, bytes)."""
        self.shown: list[tuple[int, bytes]] = []
        """What it has reported: (wait status, registers)."""
        *others, last = [list(scenario.steps) for scenario in scenarios]
        self.steps = [step for steps in (*(steps[:-1] for steps in others), last) for step in steps]
        self._pending: Step | None = None
        self._signal = 0

    def _value(self, value: int) -> int:
        return self.call.number if value == GETPPID else value

    # The functions of tracee/native that the recorder needs for such a task, by their names there.

    def redrive_resume(self, tid: int, request: int, signal_number: int) -> int:
        assert tid == TID and self._pending is None
        self._signal = signal_number
        if not self.steps:
            return 0
        step = self._pending = self.steps.pop(0)
        if step.left == BEFORE_CALL or step.stop in _IN_CALL:
            # Past its last stop a call is over, and the way to the int3 shows nothing, whatever the request.
            assert Request(request) is step.request, f"before {step.text}"
        if step.left != BEFORE_CALL and step.stop in _IN_CALL:
            left = tuple(regs.get_signed(self.registers, name) for name in ("orig_rax", "rax"))
            assert left == tuple(map(self._value, step.left)), f"before {step.text}"
        return 0

    def redrive_wait(self, tid: int, flags: int, stop: Any) -> int:
        assert tid == TID
        if flags & os.WNOHANG and self._pending is None:
            stop.tid = 0
            return 0
        step, self._pending = self._pending, None
        stop.tid, stop.message, stop.syscall_op, stop.registers_valid = tid, 0, -1, 1
        if step is None or step.stop is SyscallStop.GONE:
            assert step or self._signal, "the task goes on, and its program is over"
            stop.status = self._signal if step is None else signal.SIGSYS
            stop.registers_valid = 0
            self.shown.append((stop.status, b""))
            return 0
        self._show(step, stop)
        ffi.buffer(ffi.addressof(stop, "registers"))[:] = self.registers
        self.shown.append((stop.status, self.registers))
        return 0

    def _show(self, step: Step, stop: Any) -> None:
        number, rax = map(self._value, step.seen)
        self.registers = regs.replace(self.registers, orig_rax=number)
        if step.left == BEFORE_CALL or step.seen[1] != step.left[1]:
            self.registers = regs.replace(self.registers, rax=rax)
        if step.stop is SyscallStop.SECCOMP:
            stop.status, stop.message = SECCOMP_STATUS, self.seccomp_data
        elif step.stop is SyscallStop.SYSCALL:
            stop.status = SYSCALL_STATUS
            stop.syscall_op = -1 if step.info is None else step.info
        elif "SIGSYS" in step.text:
            self._raise(stop, signal.SIGSYS, SYS_SECCOMP)
        else:
            self.registers = regs.replace(self.registers, rip=AFTER_INT3)
            self._raise(stop, signal.SIGTRAP, SI_KERNEL)

    def _raise(self, stop: Any, number: int, code: int) -> None:
        stop.status = number << 8 | STOP_STATUS
        ffi.buffer(stop.siginfo)[:] = siginfo(number, code, self.call.number)

    def redrive_set_registers(self, tid: int, registers: Any) -> int:
        assert tid == TID
        self.registers = bytes(ffi.buffer(registers))
        return 0

    def redrive_read(self, tid: int, address: int, buffer: Any, length: int) -> int:
        for start, content in self.memory:
            if start <= address < start + len(content):
                data = content[address - start :][:length]
                ffi.memmove(buffer, data, len(data))
                return len(data)
        return 0

    def redrive_write(self, tid: int, address: int, data: bytes, length: int) -> int:
        self.written.append((address, data[:length]))
        return length

    def redrive_step_syscall(self, tid: int, ways: Any, watch: int, cpuid: Any, first: Any, last: Any) -> int:
        """As in step.c, for a lone task whose arguments name no address of the agent's."""
        assert not watch
        self.redrive_resume(tid, Request.CONT, 0)
        self.redrive_wait(tid, 0, first)
        number = first.registers.orig_rax
        is_ours = first.status == SECCOMP_STATUS and first.message == ways.data
        if not is_ours or number >= len(ways.by_number) or not ways.by_number[number]:
            return lib.REDRIVE_AT_FIRST_STOP
        before = self.registers
        past_entry = 0
        if ways.shows_entry:
            self.redrive_resume(tid, Request.SYSCALL, 0)
            self.redrive_wait(tid, 0, last)
            if last.status != SYSCALL_STATUS or self.registers != before:
                return lib.REDRIVE_AT_OTHER_STOP
            past_entry = lib.REDRIVE_PAST_ENTRY
        self.redrive_resume(tid, Request.SYSCALL, 0)
        self.redrive_wait(tid, 0, last)
        if last.status != SYSCALL_STATUS:
            return lib.REDRIVE_AT_OTHER_STOP | past_entry
        unchanged = regs.replace(before, rax=regs.get(self.registers, "rax")) == self.registers
        return lib.REDRIVE_RESULT_ONLY if unchanged else lib.REDRIVE_RETURNED


class _Writer:
    """Keeps the events instead of an archive."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)


FEATURES = KernelFeatures(
    release="",
    version="",
    machine="x86_64",
    regime=Regime.R3,
    sysemu=True,
    syscall_info=False,
    signal_mask=True,
    cpuid_faulting=False,
    inherited_filter=False,
    memfd=True,
    xstate_size=832,
)


def play(
    monkeypatch: pytest.MonkeyPatch,
    scenarios: Sequence[Scenario],
    regime: Regime,
    call: Call,
    *,
    seccomp_data: int = TRACE_DATA,
    filtered: bool = True,
    our_filter: bool = True,
    code_is_readable: bool = True,
) -> tuple[list[Event], ScriptedKernel]:
    """The events that a Recording writes of calls made one after the other, and the kernel that it met.

    ``filtered``: whether there are filters besides ours, which makes the recorder ask for every syscall-stop.
    """
    kernel = ScriptedKernel(scenarios, call, seccomp_data, code_is_readable=code_is_readable)
    for module in (tracee_module, straight_calls, calls, families, waiting):
        monkeypatch.setattr(module, "lib", kernel)
    writer = _Writer()
    recorder = Recording(
        cast(ArchiveWriter, writer), FEATURES._replace(regime=regime), 0, bytes(8), ShownCpu(()), False
    )
    recorder.straight.filter_installed = our_filter
    task = families.make_main(recorder, TID, filtered)
    task.registers = BEFORE
    recorder.scheduler.add(task)
    recorder.run()
    assert not kernel.steps, "the recorder went no further"
    return writer.events, kernel
