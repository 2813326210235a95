"""rdtsc, rdtscp and cpuid, which fault in a tracee, and calls into the vsyscall page."""

from __future__ import annotations

import struct
import time

from redrive.formats.events import TrapCause
from redrive.recorder.task import Task
from redrive.tracee import cpu
from redrive.tracee import mappings as maps
from redrive.tracee import registers as regs
from redrive.tracee._native import lib

_CAUSES = {b"\x0f\x31": TrapCause.RDTSC, b"\x0f\x01\xf9": TrapCause.RDTSCP, cpu.CPUID_INSTRUCTION: TrapCause.CPUID}
_LOW_WORD = 0xFFFF_FFFF
_WORD, _RAX_RCX_RDX = struct.Struct("<Q"), struct.Struct("<3Q")
_RAX, _RBX, _RIP = regs.OFFSETS["rax"], regs.OFFSETS["rbx"], regs.OFFSETS["rip"]


def find_cause(task: Task) -> TrapCause | None:
    """Which trapped instruction a task is at, if any."""
    code = task.tracee.read_available(regs.get(task.tracee.registers, "rip"), 3)
    if code[:2] == cpu.PLANTED_CPUID and task.space.planted:
        return TrapCause.CPUID if _stands_for_cpuid(task) else None
    return _CAUSES.get(code) or _CAUSES.get(code[:2])


def _stands_for_cpuid(task: Task) -> bool:
    """Whether the clts that a task is at was planted there, or has been copied to memory that has no file behind it."""
    rip = regs.get(task.tracee.registers, "rip")
    if rip in task.space.planted:
        return True
    mapping = maps.find_mapping(maps.read_mappings(task.tid), rip)
    return mapping is not None and not mapping.inode


def execute(cause: TrapCause, before: bytes, cpu_number: int, shown: cpu.ShownCpu) -> bytes:
    """The registers after the instruction."""
    if cause is TrapCause.CPUID:
        return _execute_cpuid(before, shown)
    rip = regs.get(before, "rip")
    counter = lib.redrive_rdtsc()
    if cause is TrapCause.RDTSC:
        return regs.replace(before, rax=counter & _LOW_WORD, rdx=counter >> 32, rip=rip + 2)
    # IA32_TSC_AUX holds the CPU's number in its low bits on Linux (arch/x86/kernel/cpu/common.c, setup_getcpu).
    return regs.replace(before, rax=counter & _LOW_WORD, rdx=counter >> 32, rcx=cpu_number, rip=rip + 3)


def _execute_cpuid(before: bytes, shown: cpu.ShownCpu) -> bytes:
    # Each start of a dynamic program asks some eighty times, so this is written for speed.
    rax, rcx, _ = _RAX_RCX_RDX.unpack_from(before, _RAX)
    (rip,) = _WORD.unpack_from(before, _RIP)
    leaf = shown.cpuid(rax & _LOW_WORD, rcx & _LOW_WORD)
    after = bytearray(before)
    _RAX_RCX_RDX.pack_into(after, _RAX, leaf.eax, leaf.ecx, leaf.edx)
    _WORD.pack_into(after, _RBX, leaf.ebx)
    _WORD.pack_into(after, _RIP, rip + 2)
    return bytes(after)


def answer_vsyscall(before: bytes, cpu_number: int) -> tuple[int, list[tuple[int, bytes]]]:
    """Result and memory of gettimeofday, time or getcpu, by which entry of the page was called."""
    first, second = regs.get(before, "rdi"), regs.get(before, "rsi")
    entry = regs.get(before, "rip") >> 10 & 3
    now = time.time_ns()
    if entry == 0:
        timeval = struct.pack("<qq", now // 10**9, now % 10**9 // 1000)
        pieces = [(first, timeval), (second, bytes(8))]
        return 0, [(address, data) for address, data in pieces if address]
    if entry == 1:
        seconds = now // 10**9
        return seconds, [(first, struct.pack("<q", seconds))] if first else []
    pieces = [(first, struct.pack("<I", cpu_number)), (second, bytes(4))]
    return 0, [(address, data) for address, data in pieces if address]
