"""Landmarks: a task that has been held in the middle of its code is brought to a point that replay can find again.

It is stepped on for a while.  What changes meanwhile tells later which words identify a point (clues and witnesses),
and the point itself is where the steps end: at an instruction that replay can replace by a jump.
"""

from __future__ import annotations

import enum
import os
import signal
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING

from redrive.formats.events import Clue, Landmark, Writes
from redrive.formats.stops import StopKind, StopRegisters
from redrive.recorder import forced_signals, signals
from redrive.recorder.changed_memory import Snapshot
from redrive.recorder.deferred_signals import first_siginfo, put_aside
from redrive.recorder.task import Task, Wait
from redrive.tracee import mappings as maps
from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import lib
from redrive.tracee.eras import Request, SyscallStop
from redrive.tracee.hardware_breakpoint import break_at, clear_breakpoint
from redrive.tracee.instruction import LONGEST, PAUSE, Flags, Instruction, Kind, MemoryOperand, decode
from redrive.tracee.landing import JUMP_LENGTH, find_landing
from redrive.tracee.own_faults import code_of
from redrive.tracee.seccomp_filter import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.signal_mask import take_put_aside
from redrive.tracee.syscalls import MemoryFault
from redrive.tracee.tracee import Tracee, check

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

FEWEST_STEPS = 12
"""So many instructions are watched at least."""
ENOUGH_STEPS = 160
"""After so many, a point that has not come round again will do."""
MOST_STEPS = 320
"""After so many, any point will do, even one that replay can only find by a debug register."""
_STACK_WINDOW = (-128, 640)
"""From the red zone to the frames of a few callers."""
_POINTER_WINDOW = (-16, 64)
"""Around what a register points at."""
_WORD_WINDOW = (-64, 64)
"""Around each word of memory that the code names: what lies beside it belongs to it, often."""
_DATA_AT_MOST = 1 << 14
"""Mappings of data up to so many bytes are kept whole: what counts the rounds of a loop may be far from its code."""
_WITNESSES_AT_MOST = 48 << 10
_TURNS_OF_COMPUTING = 16
"""Before it is looked at again whether a task that was computing does so still."""
_LOOKED_AT = 8
"""So many words, those that the code has named last, are what a task waits for."""
_TIMES_WAITING_AT_MOST = 6
"""More often makes no difference to the scheduler."""
_CLUES_AT_MOST = 24
_NAMED_FIRST = 8
"""So many words that the code has named lately come before those that are known to have changed."""
_RUN_TO_THE_NEXT = frozenset({Kind.REPEATED, Kind.POPS_FLAGS})
"""Left by a breakpoint behind them.  A repeated one can take many steps; and after a step over popf the kernel believes
that the program has set the trap flag itself (enable_single_step of arch/x86/kernel/step.c)."""
_STEP_STOP = signal.SIGTRAP << 8 | 0x7F
_TRAP_FLAG = 0x100
_GENERAL = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi")
_XSTATE_WORDS = range(32, 1 << 20, 8)
"""Offsets of the x87's and of vector registers in the XSAVE area: behind the control words."""
_HEADER = range(512, 576)
_WORD = struct.Struct("<Q")
_IMMEDIATE = 8
"""Bytes at the end of a movabs."""


class End(enum.Enum):
    """How the steps to a landmark ended."""

    TAKEN = "its event is written, and the task is there"
    AT_EDGE = "the next instruction enters the kernel, where no landmark is needed"
    OVERTAKEN = "another stop came first, and is still to be handled"


@dataclass
class _Trail:
    """What was seen while a task was stepped."""

    xstate: bytes
    visits: dict[int, bytes] = field(default_factory=dict)
    """Instruction address: the registers at its latest visit."""
    code: set[int] = field(default_factory=set)
    """The bytes of the instructions, by address, but for what is data."""
    read: set[int] = field(default_factory=set)
    """The bytes of memory that instructions named."""
    named: dict[int, None] = field(default_factory=dict)
    """Words of memory that instructions named, in their order."""
    steps: int = 0
    undefined_flags: Flags = Flags(0)
    """Status flags that the latest instructions to write them left undefined."""
    wrote: bool = False
    """Whether an instruction wrote to memory."""
    named_before: dict[int, int] = field(default_factory=dict)
    """Instruction address: how many words had been named at its latest visit."""
    waits: bool = False
    """Whether the task goes round and round looking at the same few words, which another is to change, it seems."""

    def comes_round(self, address: int, registers: bytes) -> bool:
        """Whether nothing was written since the task was here before, and it is as it was, or named no other words."""
        if self.wrote or address not in self.visits:
            return False
        words = len(self.named)
        return self.visits[address] == registers or 0 < words == self.named_before[address]


def take(recording: Recording, task: Task) -> End:
    """Bring a task that is stopped in user code to a landmark, and write that."""
    with forced_signals.kept_from_steps(recording, task):
        end = _step_to_landmark(recording, task)
    if end is not End.OVERTAKEN:
        forced_signals.undo_steps(recording, task)
    return end


def take_at_end(recording: Recording, task: Task) -> None:
    """Where a task has been killed in the middle of its code, which others see by what it wrote until then: a landmark.

    It cannot be stepped any more, so nothing says what changes there.  None is written where only a debug register
    would find the place again, as that could take many times as long as the program ran.
    """
    mappings = maps.read_mappings(task.tid)
    registers = task.tracee.registers
    address = regs.get(registers, "rip")
    code = task.tracee.read_available(address, LONGEST + JUMP_LENGTH)
    instruction = decode(code[:LONGEST])
    following = code[instruction.length : instruction.length + 4]
    if instruction.kind in _RUN_TO_THE_NEXT or find_landing(instruction, address, following, mappings) is None:
        return
    trail = _Trail(task.tracee.get_xstate())
    _remember(trail, registers, address, instruction)
    _write(recording, task, trail, instruction, mappings)


def _step_to_landmark(recording: Recording, task: Task) -> End:
    if task.steps_ahead and not _run_on(recording, task, task.steps_ahead):
        return End.OVERTAKEN
    trail = _Trail(task.tracee.get_xstate())
    mappings = maps.read_mappings(task.tid)
    while True:
        registers = task.tracee.registers
        address = regs.get(registers, "rip")
        code = task.tracee.read_available(address, LONGEST + JUMP_LENGTH)
        instruction = decode(code[:LONGEST])
        if instruction.kind in (Kind.STOPS, Kind.UNKNOWN) or not code:
            # A stop of its own comes at once, or a fault that nobody can tell of beforehand.
            if instruction.kind is not Kind.UNKNOWN:
                return End.AT_EDGE
        elif _will_do(trail, instruction, address, code, mappings):
            take_put_aside(task.tracee, partial(put_aside, recording, task))
            recording.keep_stop(task, StopKind.STEPPED, StopRegisters.FIRST, 0)
            trail.waits |= trail.comes_round(address, registers)
            task.wait = _wait(task, trail)
            task.computes = _TURNS_OF_COMPUTING if task.wait is None else 0
            _write(recording, task, trail, instruction, mappings)
            task.steps_ahead = None
            return End.TAKEN
        _remember(trail, registers, address, instruction)
        if not _step(recording, task, instruction, address, registers):
            return End.OVERTAKEN


def _wait(task: Task, trail: _Trail) -> Wait | None:
    """What the task waits for, if it does nothing else: perhaps what it waited for when it was held before."""
    if not trail.waits:
        return None
    registers = task.tracee.registers
    earlier = trail.visits.get(regs.get(registers, "rip"), registers)
    constant = {name: regs.get(registers, name) for name in _GENERAL if _is_same(name, earlier, registers)}
    seen = task.tracee.gather([(word, 8) for word in islice(reversed(trail.named), _LOOKED_AT)])
    wait = Wait(constant, tuple(seen))
    if task.wait is None or not task.may_come_back or not wait.goes_on_from(task.wait):
        return wait
    return replace(wait, times=min(task.wait.times + 1, _TIMES_WAITING_AT_MOST))


def _is_same(name: str, one: bytes, other: bytes) -> bool:
    return regs.get(one, name) == regs.get(other, name)


def _run_on(recording: Recording, task: Task, steps: int) -> bool:
    """Step a task without looking at what it does.  False when another stop came that must be handled."""
    tracee = task.tracee
    task.tracker.resumed(Request.SINGLESTEP, -1, 0)
    done = check(lib.redrive_single_steps(task.tid, steps, tracee.stop), "stepping", task.tid)
    task.steps_ahead = steps - done
    if done and not _is_step(tracee) and not _set_aside(recording, task):
        return False
    task.tracker.stopped(SyscallStop.SIGNAL, -1, 0)
    return True


def _is_step(tracee: Tracee) -> bool:
    return tracee.stop.status == _STEP_STOP and code_of(bytes(tracee.stop.siginfo[0:16])) > 0


def _will_do(
    trail: _Trail,
    instruction: Instruction,
    address: int,
    code: bytes,
    mappings: Sequence[maps.Mapping],
) -> bool:
    if trail.steps < FEWEST_STEPS or instruction.kind in _RUN_TO_THE_NEXT:
        return False
    if AGENT_ADDRESS <= address < AGENT_ADDRESS + AGENT_LENGTH:
        return False
    if trail.steps >= MOST_STEPS:
        return True
    if trail.undefined_flags:
        # qemu, emulating bt and its kin, leaves in them other values when single-stepped (gen_BT of its translator).
        return False
    if address not in trail.visits and trail.steps < ENOUGH_STEPS:
        return False
    if instruction.length < JUMP_LENGTH and trail.steps < 2 * FEWEST_STEPS:
        return False
    if any(word < address + instruction.length and address < word + 8 for word in trail.named):
        # The program rewrites this instruction, or looks at it.
        return False
    following = code[instruction.length : instruction.length + 4]
    return find_landing(instruction, address, following, mappings) is not None


def _remember(trail: _Trail, registers: bytes, address: int, instruction: Instruction) -> None:
    trail.steps += 1
    trail.wrote |= instruction.writes
    trail.undefined_flags = trail.undefined_flags & ~instruction.defines_flags | instruction.undefines_flags
    trail.waits |= instruction.code == PAUSE or trail.comes_round(address, registers)
    trail.named_before[address] = len(trail.named)
    trail.visits[address] = registers
    # A jump is never put over a movabs (Kind.CONSTANT), so a program may read its immediate, which is data to it.
    code_length = instruction.length - _IMMEDIATE if instruction.kind is Kind.CONSTANT else instruction.length
    trail.code.update(range(address, address + code_length))
    if not instruction.memory:
        return
    values = regs.unpack(registers)
    values["rip"] += instruction.length
    for operand in instruction.memory:
        place = operand.address(values)
        trail.read.update(range(place, place + min(max(operand.size, 1), 64)))
        for word in _words(operand, values):
            trail.named.pop(word, None)
            trail.named[word] = None


def _words(operand: MemoryOperand, values: dict[str, int]) -> Iterator[int]:
    address = operand.address(values)
    size = min(max(operand.size, 1), 64)
    yield from range(address & ~7, address + size, 8)


def _step(recording: Recording, task: Task, instruction: Instruction, address: int, registers: bytes) -> bool:
    """Run one instruction, a repeated one to its end.  False when another stop came that must be handled."""
    tracee = task.tracee
    to_the_next = instruction.kind in _RUN_TO_THE_NEXT
    if to_the_next:
        break_at(tracee, address + instruction.length)
    try:
        while True:
            task.tracker.resumed(Request.SINGLESTEP, -1, 0)
            tracee.step(ptrace.CONT if to_the_next else ptrace.SINGLESTEP)
            if _is_step(tracee):
                task.tracker.stopped(SyscallStop.SIGNAL, -1, 0)
                break
            if not _set_aside(recording, task):
                return False
            task.tracker.stopped(SyscallStop.SIGNAL, -1, 0)
            if tracee.registers != registers and not to_the_next:
                break
    finally:
        if to_the_next and os.WIFSTOPPED(tracee.stop.status):
            clear_breakpoint(tracee)
    if instruction.kind is Kind.PUSHES_FLAGS and not regs.get(registers, "eflags") & _TRAP_FLAG:
        _hide_pushed_trap_flag(task)
    return True


def _set_aside(recording: Recording, task: Task) -> bool:
    """Another stop came instead of the step's: put a signal that can wait aside.  False where it is something else."""
    status = task.tracee.stop.status
    if not os.WIFSTOPPED(status) or status >> 16:
        return False
    take_put_aside(task.tracee, partial(put_aside, recording, task))
    number, siginfo = os.WSTOPSIG(status), bytes(recording.buffer(task.tracee.stop.siginfo))
    if signals.is_due(task, number, first_siginfo(task, number, siginfo)):
        return False
    return signals.defer_in_running_code(recording, task, signals.original_siginfo(task, number, siginfo))


def _hide_pushed_trap_flag(task: Task) -> None:
    """Take the trap flag of the step out of what pushf has just written to the stack."""
    stack = regs.get(task.tracee.registers, "rsp")
    low = task.tracee.read(stack + 1, 1)[0]
    task.tracee.write(stack + 1, bytes((low & ~(_TRAP_FLAG >> 8),)))


def _write(
    recording: Recording, task: Task, trail: _Trail, instruction: Instruction, mappings: Sequence[maps.Mapping]
) -> None:
    registers = task.tracee.registers
    xstate = task.tracee.get_xstate()
    unsettled = list(_unsettled(recording, task, mappings))
    named = [word for word in reversed(trail.named) if _is_writable(mappings, word) and not _meets(unsettled, word, 8)]
    named = [address for address, data in task.tracee.gather([(word, 8) for word in named]) if len(data) == 8]
    changed = [word for word in _changed_words(recording, task, mappings) if not _meets(unsettled, word, 8)]
    extents = [(word, 8) for word in named]
    extents += [(start, end - start) for start, end in maps.joined((word, word + 8) for word in sorted(changed))]
    extents += [extent for extent in _windows(registers, named, mappings) if not _meets(unsettled, *extent)]
    witnesses: Writes = tuple(_gathered(task, extents))
    recording.write(
        task,
        Landmark(
            task.tid,
            registers,
            xstate,
            b"" if _looks_at_code(trail) else instruction.code,
            tuple(_clues(trail, registers, xstate, dict.fromkeys([*named[:_NAMED_FIRST], *changed, *named]))),
            witnesses,
            task.ran_since_event(),
            task.take_stops(),
        ),
    )
    task.registers = registers
    task.may_come_back = True


def _changed_words(recording: Recording, task: Task, mappings: Sequence[maps.Mapping]) -> Sequence[int]:
    """What the task has changed since its memory was looked at before."""
    before = task.snapshot
    now = task.snapshot = Snapshot(recording, task, mappings) if recording.scheduler.is_patient else None
    return before.changed_words(now) if before is not None and now is not None else ()


def _looks_at_code(trail: _Trail) -> bool:
    """Whether the program reads the code it runs: then that must not be changed."""
    return not trail.code.isdisjoint(trail.read)


def _gathered(task: Task, extents: Sequence[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    room = _WITNESSES_AT_MOST
    for start in range(0, len(extents), 64):
        for address, data in task.tracee.gather(extents[start : start + 64]):
            room -= len(data)
            if room < 0:
                return
            yield address, data


def _clues(trail: _Trail, registers: bytes, xstate: bytes, words: Iterable[int]) -> Iterator[tuple[int, int]]:
    """What changed since the instruction was here before, or since the steps began; ``words`` are those of memory."""
    before = trail.visits.get(regs.get(registers, "rip")) or next(iter(trail.visits.values()), registers)
    for name in _GENERAL:
        if not _is_same(name, before, registers):
            yield Clue.REGISTER, regs.OFFSETS[name]
    if not _is_same("rsp", before, registers):
        yield Clue.REGISTER, regs.OFFSETS["rsp"]
    for word in islice(words, _CLUES_AT_MOST):
        yield Clue.MEMORY, word
    found = 0
    for offset in range(_XSTATE_WORDS.start, min(len(xstate), len(trail.xstate)) - 7, 8):
        if offset in _HEADER or found == _CLUES_AT_MOST or 416 <= offset < 512:
            continue
        if xstate[offset : offset + 8] != trail.xstate[offset : offset + 8]:
            found += 1
            yield Clue.VECTOR, offset


def _windows(registers: bytes, named: Sequence[int], mappings: Sequence[maps.Mapping]) -> Iterator[tuple[int, int]]:
    """Writable memory about words the code names, the stack pointer, and what registers point at, in whole words."""
    wanted = [(word, _WORD_WINDOW) for word in named]
    wanted.append((regs.get(registers, "rsp") & ~7, _STACK_WINDOW))
    wanted += [(regs.get(registers, name) & ~7, _POINTER_WINDOW) for name in _GENERAL]
    done: set[int] = set()
    whole: dict[maps.Mapping, None] = {}
    for place, (before, behind) in wanted:
        mapping = maps.find_mapping(mappings, place)
        if mapping is None or mapping.protection & 3 != 3:
            continue
        if _is_data(mapping):
            whole[mapping] = None
        first, end = max(place + before, mapping.start), min(place + behind, mapping.end)
        # Windows overlap: each run of words not yet kept becomes a piece.
        for start in range(first, end, 64):
            if start not in done:
                done.update(range(start, min(start + 64, end), 8))
                yield start, min(64, end - start)
    whole.update({mapping: None for mapping in mappings if _is_data(mapping)})
    for mapping in whole:
        yield mapping.start, mapping.length


def _is_data(mapping: maps.Mapping) -> bool:
    """Whether it is small and writable, and neither code, a stack nor the heap."""
    return mapping.protection == 3 and mapping.length <= _DATA_AT_MOST and not mapping.name.startswith(b"[")


def _is_writable(mappings: Sequence[maps.Mapping], address: int) -> bool:
    mapping = maps.find_mapping(mappings, address)
    return mapping is not None and mapping.protection & 3 == 3


def _unsettled(recording: Recording, task: Task, mappings: Sequence[maps.Mapping]) -> Iterator[tuple[int, int]]:
    """Where the kernel may be writing for other tasks that are in a syscall: replay does that at the syscall's end."""
    shared = [mapping for mapping in mappings if mapping.shared and mapping.protection & maps.PROT_WRITE]
    if task.space.users == 1 and not shared:
        return
    for other in recording.tasks.values():
        if other is task or other.call is None or other.call.syscall is None:
            continue
        with suppress(MemoryFault, OSError):
            extents = other.call.syscall.outputs(other.call.arguments, 1 << 30, other.tracee)
            if other.space is task.space:
                yield from extents
            elif extents and shared:
                yield from _seen_in(shared, maps.read_shared_mappings(other.tid), extents)


def _seen_in(
    mappings: Sequence[maps.Mapping], others: Sequence[maps.Mapping], extents: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Where extents of another process's shared memory are in this one's."""
    for their, own in product(others, mappings):
        if (their.device, their.inode) != (own.device, own.inode):
            continue
        for address, length in extents:
            if their.start < address + length and address < their.end:
                yield address - their.start + their.offset - own.offset + own.start, length


def _meets(extents: Sequence[tuple[int, int]], address: int, length: int) -> bool:
    return any(start < address + length and address < start + size for start, size in extents)
