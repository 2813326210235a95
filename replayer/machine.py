"""What differs between the machine of the recording and this one, and what replay does about it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from redrive.formats.header import CpuIdentification, Header
from redrive.replayer.errors import ReplayError
from redrive.replayer.syscall_entry import EnterSyscall, enter_by_breakpoint, enter_by_sysemu
from redrive.replayer.task import Interception
from redrive.replayer.vector_registers import VectorRegisters
from redrive.tracee import cpu, kernel, ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import lib
from redrive.tracee.eras import Regime
from redrive.tracee.remote_calls import Call
from redrive.tracee.tracee import Tracee
from redrive.tracee.xstate import Component, described_components

_ARCH_PRCTL, _ARCH_SET_CPUID = 158, 0x1012
_XSAVE_LEAF = 0xD
_SIGSEGV_STOP = ptrace.stop_status(signal.SIGSEGV)


class Machine:
    """This machine as a trace's replay sees it.  Raises ReplayError where the trace cannot run on it."""

    def __init__(self, header: Header, *, force_breakpoints: bool = False) -> None:
        """``force_breakpoints`` stops before syscall instructions even where PTRACE_SYSEMU would do; for tests."""
        features = kernel.probe()
        shown = frozenset(cpu.features())
        _check_cpu(header, shown)
        self.cpuid_faults = features.cpuid_faulting
        self.can_confine = features.sysemu and features.regime is Regime.R3
        filtered_first = features.inherited_filter and features.regime is not Regime.R3
        by_breakpoint = force_breakpoints or filtered_first or not features.sysemu
        self.enter_syscall: EnterSyscall = enter_by_breakpoint if by_breakpoint else enter_by_sysemu
        self._answers = {(leaf.leaf, leaf.subleaf): leaf for leaf in header.cpu.cpuid}
        self._recorded_cpuid_faults = bool(header.features.get("cpuid_faulting"))
        self.vectors = VectorRegisters(_components(header.cpu))
        self.has_xsave = "osxsave" in shown
        self.differences = () if self.cpuid_faults else tuple(self._differences(header, shown))
        """What of this CPU may show although the trace says otherwise, as the ends of sentences that begin with it."""

    def _differences(self, header: Header, here: frozenset[str]) -> Iterator[str]:
        # Where cpuid did not fault, the table has what a cpuid saw that was not intercepted.
        there = set(header.cpu.features) | set(cpu.features_by(lambda *question: self._answers.get(question)))
        if here - there:
            named = ", ".join(sorted(here - there))
            yield f"shows features that the recording one had not, and cannot hide: {named}"
        if there - here:
            named = ", ".join(sorted(there - here))
            yield f"lacks features that code may use whose cpuid was not intercepted: {named}"

    @property
    def after_execution(self) -> tuple[Call, ...]:
        """Calls to be made in every new address space."""
        return (Call(_ARCH_PRCTL, (_ARCH_SET_CPUID, 0)),) if self.cpuid_faults else ()

    @property
    def interception(self) -> Interception | None:
        """What answers the stops that the recording did not have."""
        return self._answer_cpuid if self.cpuid_faults and not self._recorded_cpuid_faults else None

    def _answer_cpuid(self, tracee: Tracee) -> bytes | None:
        registers = tracee.registers
        rip = regs.get(registers, "rip")
        if tracee.stop.status != _SIGSEGV_STOP or tracee.read_available(rip, 2) != cpu.CPUID_INSTRUCTION:
            return None
        leaf, subleaf = (regs.get(registers, name) & 0xFFFF_FFFF for name in ("rax", "rcx"))
        answer = self._answers.get((leaf, subleaf)) or self._answers.get((leaf, 0))
        if answer is None:
            return None
        return regs.replace(
            registers, rax=answer.eax, rbx=answer.ebx, rcx=answer.ecx, rdx=answer.edx, rip=rip + 2, orig_rax=-1
        )


def _components(machine: CpuIdentification) -> tuple[Component, ...]:
    """The layout of the recorded XSAVE areas."""
    answers = {leaf.subleaf: (leaf.eax, leaf.ebx) for leaf in machine.cpuid if leaf.leaf == _XSAVE_LEAF}
    return described_components(machine.xcr0, answers)


def _check_cpu(header: Header, shown: frozenset[str]) -> None:
    """``shown`` names the required features that this CPU has."""
    missing = sorted(set(header.cpu.features) & {feature.name for feature in cpu.REQUIRED} - shown)
    if missing:
        raise ReplayError(f"this CPU lacks what the recorded program was told it could use: {', '.join(missing)}")
    own_xcr0 = int(lib.redrive_xgetbv())
    intercepted = header.features.get("cpuid_faulting") or header.features.get("cpuid_planted")
    told = "osxsave" in header.cpu.features and intercepted
    if told and header.cpu.xcr0 != own_xcr0:
        # Every dynamic program reads XCR0 at its start, by xgetbv, which nothing can intercept.
        raise ReplayError(
            f"the recording CPU had other state enabled (XCR0 {header.cpu.xcr0:#x}) than this one ({own_xcr0:#x}): "
            "such a trace replays only where they agree; `record --portable` makes one that replays anywhere"
        )
    if header.machine != os.uname().machine:
        raise ReplayError(f"the trace was recorded on {header.machine}, and this machine is {os.uname().machine}")
