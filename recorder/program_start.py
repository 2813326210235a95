"""execve: the new program is arranged for recording, and its whole address space becomes an event."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, Exec, Map
from redrive.recorder import forced_signals
from redrive.recorder.address_space import implies_exec, initial_brk
from redrive.recorder.errors import RecordError
from redrive.recorder.injected_calls import SCRATCH, attempt_in_tracee, call_in_tracee
from redrive.recorder.permission import check_program
from redrive.recorder.task import AddressSpace, Task
from redrive.tracee import mappings as maps
from redrive.tracee import proc_file
from redrive.tracee import registers as regs
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.initial_stack import AT_IGNORE, AT_SYSINFO_EHDR, InitialStack, read_initial_stack
from redrive.tracee.mappings import Mapping
from redrive.tracee.task_stat import stat_fields

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_MMAP, _MUNMAP, _ARCH_PRCTL, _ARCH_SET_CPUID = 9, 11, 158, 0x1012
_PRCTL, _PR_SET_MM, _PR_SET_MM_MAP = 157, 35, 14
_MM_MAP = struct.Struct("<12QII")
"""struct prctl_mm_map of linux/prctl.h: eleven places of /proc/PID/stat, then the vector, its size and a descriptor."""
_NO_FILE = 0xFFFF_FFFF
_NO_LIMIT = 0xFFFF_FFFF_FFFF_FFFF
"""RLIM_INFINITY."""
_SYSCALL_INSTRUCTION = b"\x0f\x05"
_KERNEL_PAGES = frozenset({b"[vdso]", b"[vvar]", b"[vvar_vclock]"})


def program_started(recording: Recording, task: Task) -> None:
    """The exit stop of a successful execve: hide what would not repeat, and write the Exec event."""
    if regs.get(task.tracee.registers, "cs") != regs.USER_CODE_SEGMENT:
        raise RecordError(f"task {task.tid} executes a 32-bit program: only x86-64 can be recorded")
    call = task.call
    former = call.former_task if call else task.tid
    check_program(recording, task, call)
    forced_signals.program_started(task, first=call is None)
    task.call = None
    task.interrupted = None
    if task.space.users > 1:
        task.space.users -= 1
    task.space = AddressSpace(brk=initial_brk(task.tid), implies_exec=implies_exec(task.tid))
    task.clear_tid = task.robust_list = 0
    task.process.dumpable = 1
    task.process.program = object()
    registers = task.tracee.registers
    mappings = maps.read_mappings(task.tid)
    stack = maps.find_mapping(mappings, regs.get(registers, "rsp"))
    if stack is None:
        raise RecordError(f"task {task.tid} has no stack after execve")
    start = read_initial_stack(task.tracee, regs.get(registers, "rsp"), stack.end)
    _arrange(recording, task, mappings, start)
    kept = [mapping for mapping in mappings if mapping.name not in _KERNEL_PAGES]
    effects = _map_effects(recording, task, kept)
    planted = recording.planted_traps.program_started(task, kept, start)
    writes = planted + _writes(task, kept, stack, regs.get(registers, "rsp"))
    event = Exec(
        task.tid,
        former or task.tid,
        os.fsencode(os.readlink(f"/proc/{task.tid}/exe")),
        start.arguments,
        start.environment,
        registers,
        task.tracee.get_xstate(),
        _stack_limit(task.tid),
        tuple(effects),
        writes,
        task.take_stops(),
    )
    recording.write(event)
    task.registers = registers


def _arrange(recording: Recording, task: Task, mappings: list[Mapping], start: InitialStack) -> None:
    """Reserve the agent's pages, take the vDSO away and let cpuid fault, by syscalls run in the tracee."""
    hidden = [mapping for mapping in mappings if mapping.name in _KERNEL_PAGES]
    vdso = next((mapping for mapping in hidden if mapping.name == b"[vdso]"), None)
    entry = start.auxiliary.get(AT_SYSINFO_EHDR)
    if entry is not None:
        task.tracee.write(entry[0], struct.pack("<Q", AT_IGNORE))
    if any(mapping.start < AGENT_ADDRESS + AGENT_LENGTH and mapping.end > AGENT_ADDRESS for mapping in mappings):
        raise RecordError(f"the program is linked at {AGENT_ADDRESS:#x}, where Redrive keeps its own pages")
    with _SyscallInstruction(task, vdso) as instruction:
        call_in_tracee(recording, task, instruction, _MMAP, AGENT_ADDRESS, AGENT_LENGTH, 5, 0x32, 2**64 - 1, 0)
        task.tracee.write(AGENT_ADDRESS, _SYSCALL_INSTRUCTION)
    for address, end in maps.joined((mapping.start, mapping.end) for mapping in hidden):
        call_in_tracee(recording, task, AGENT_ADDRESS, _MUNMAP, address, end - address)
    if entry is not None:
        _hide_vdso_in_proc(recording, task, start)
    if recording.kernel.cpuid_faulting:
        call_in_tracee(recording, task, AGENT_ADDRESS, _ARCH_PRCTL, _ARCH_SET_CPUID, 0)


def _hide_vdso_in_proc(recording: Recording, task: Task, start: InitialStack) -> None:
    """Have /proc/PID/auxv and PR_GET_AUXV show the vector that is on the stack: PR_SET_MM_MAP sets it (prctl(2)).

    Before Linux 3.18, or without CONFIG_CHECKPOINT_RESTORE, the kernel refuses, and they show the vDSO that is gone.
    """
    if task.process.filtered:
        # A filter of the program's own may end it for this call.
        return
    pairs = sorted(start.auxiliary.items(), key=lambda pair: pair[1][0])
    vector = b"".join(
        struct.pack("<QQ", AT_IGNORE if kind == AT_SYSINFO_EHDR else kind, value) for kind, (_, value) in pairs
    ) + bytes(16)
    fields = [int(field) if field.isdigit() else 0 for field in stat_fields(f"/proc/{task.tid}/stat")]
    start_code, end_code, start_stack = fields[26:29]
    start_data, end_data, start_brk, *strings = fields[45:52]
    places = (start_code, end_code, start_data, end_data, start_brk, start_brk, start_stack, *strings)
    task.tracee.write(SCRATCH, _MM_MAP.pack(*places, SCRATCH + _MM_MAP.size, len(vector), _NO_FILE) + vector)
    attempt_in_tracee(recording, task, AGENT_ADDRESS, _PRCTL, _PR_SET_MM, _PR_SET_MM_MAP, SCRATCH, _MM_MAP.size, 0)
    task.tracee.write(SCRATCH, bytes(_MM_MAP.size + len(vector)))


def _stack_limit(tid: int) -> int:
    """The soft limit of the stack in bytes; all ones for none.

    From /proc/PID/limits (proc(5)), which anybody may read: prlimit(2) wants the same user or CAP_SYS_RESOURCE.
    """
    for line in proc_file.read_text(f"/proc/{tid}/limits").splitlines():
        if line.startswith("Max stack size"):
            soft = line.split()[3]
            return _NO_LIMIT if soft == "unlimited" else int(soft)
    raise RecordError(f"/proc/{tid}/limits does not tell the stack's limit")


class _SyscallInstruction:
    """A syscall instruction for the first injected call: the vDSO's, or one put at the program's entry meanwhile."""

    def __init__(self, task: Task, vdso: Mapping | None) -> None:
        self._task = task
        self._vdso = vdso
        self._displaced = b""

    def __enter__(self) -> int:
        if self._vdso is not None:
            offset = self._task.tracee.read(self._vdso.start, self._vdso.length).find(_SYSCALL_INSTRUCTION)
            if offset >= 0:
                return self._vdso.start + offset
        rip = regs.get(self._task.tracee.registers, "rip")
        self._displaced = self._task.tracee.read(rip, 2)
        self._task.tracee.write(rip, _SYSCALL_INSTRUCTION)
        return rip

    def __exit__(self, *failure: object) -> None:
        if self._displaced:
            self._task.tracee.write(regs.get(self._task.tracee.registers, "rip"), self._displaced)


def _map_effects(recording: Recording, task: Task, mappings: list[Mapping]) -> list[Effect]:
    effects: list[Effect] = []
    for mapping in mappings:
        flags = maps.MAP_PRIVATE
        if mapping.name == b"[stack]":
            flags |= maps.MAP_GROWSDOWN | maps.MAP_STACK
        label = os.fsdecode(mapping.name)
        if not mapping.inode:
            effects.append(
                Map(mapping.start, mapping.length, mapping.protection, flags | maps.MAP_ANONYMOUS, None, label)
            )
            continue
        image, learnt = recording.images.of_program(task.tracee, mapping)
        recording.image_mapped(task, image.number)
        effects += [*learnt, Map(mapping.start, mapping.length, mapping.protection, flags, image, label)]
    return effects


def _writes(task: Task, mappings: list[Mapping], stack: Mapping, rsp: int) -> tuple[tuple[int, bytes], ...]:
    """What execve wrote: the stack's used part, and the zeros after the file's end in each data segment's last page."""
    writes = []
    for mapping in mappings:
        if mapping is stack:
            first = maps.page_floor(rsp)
            writes.append((first, task.tracee.read(first, stack.end - first)))
        elif mapping.inode and mapping.protection & maps.PROT_WRITE:
            last = mapping.end - maps.PAGE
            writes.append((last, task.tracee.read_available(last, maps.PAGE)))
    return tuple(writes)
