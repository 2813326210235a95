"""Landmarks: a task that has been held in the middle of its code is brought to a point that replay can find again.

It is stepped on for a while.  What changes meanwhile tells later which words identify a point (clues and witnesses),
and the point itself is where the steps end: at an instruction that replay can replace by a jump.
"""

from __future__ import annotations

import enum
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from redrive.formats.events import Landmark
from redrive.formats.stops import StopKind, StopRegisters
from redrive.recorder import forced_signals, signals, witnesses
from redrive.recorder.deferred_signals import first_siginfo, put_aside
from redrive.recorder.task import Task, Wait
from redrive.recorder.trail import Trail
from redrive.tracee import mappings as maps
from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import ffi, lib
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.eras import Request, SyscallStop
from redrive.tracee.hardware_breakpoint import break_at, clear_breakpoint
from redrive.tracee.instruction import LONGEST, Instruction, Kind, decode
from redrive.tracee.landing import JUMP_LENGTH, find_landing
from redrive.tracee.own_faults import code_of
from redrive.tracee.signal_mask import take_put_aside
from redrive.tracee.tracee import Tracee, check

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

FEWEST_STEPS = 12
"""So many instructions are watched at least."""
ENOUGH_STEPS = 160
"""After so many, a point that has not come round again will do."""
MOST_STEPS = 320
"""After so many, any point will do, even one that replay can only find by a debug register."""
_TURNS_OF_COMPUTING = 16
"""Before it is looked at again whether a task that was computing does so still."""
_LOOKED_AT = 8
"""So many words, those that the code has named last, are what a task waits for."""
_TIMES_WAITING_AT_MOST = 6
"""More often makes no difference to the scheduler."""
_RUN_TO_THE_NEXT = frozenset({Kind.REPEATED, Kind.POPS_FLAGS})
"""Left by a breakpoint behind them.  A repeated one can take many steps; and after a step over popf the kernel believes
that the program has set the trap flag itself (enable_single_step of arch/x86/kernel/step.c)."""
_STEP_STOP = ptrace.stop_status(signal.SIGTRAP)
_TRAP_FLAG = 0x100


class End(enum.Enum):
    """How the steps to a landmark ended."""

    TAKEN = "its event is written, and the task is there"
    AT_EDGE = "the next instruction enters the kernel, where no landmark is needed"
    OVERTAKEN = "another stop came first, and is still to be handled"


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
    trail = Trail(task.tracee.get_xstate())
    trail.remember(registers, address, instruction)
    _write(recording, task, trail, instruction, mappings)


def _step_to_landmark(recording: Recording, task: Task) -> End:
    if task.steps_ahead and not _run_on(recording, task, task.steps_ahead):
        return End.OVERTAKEN
    trail = Trail(task.tracee.get_xstate())
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
        trail.remember(registers, address, instruction)
        if not _step(recording, task, instruction, address, registers):
            return End.OVERTAKEN


def _wait(task: Task, trail: Trail) -> Wait | None:
    """What the task waits for, if it does nothing else: perhaps what it waited for when it was held before."""
    if not trail.waits:
        return None
    registers = task.tracee.registers
    earlier = trail.visits.get(regs.get(registers, "rip"), registers)
    constant = {name: regs.get(registers, name) for name in regs.GENERAL if _is_same(name, earlier, registers)}
    seen = task.tracee.gather([(word, 8) for word in islice(reversed(trail.named), _LOOKED_AT)])
    wait = Wait(constant, tuple(seen))
    if task.wait is None or not task.may_come_back or not wait.goes_on_from(task.wait):
        return wait
    return replace(wait, times=min(task.wait.times + 1, _TIMES_WAITING_AT_MOST))


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
    trail: Trail,
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
    number, siginfo = os.WSTOPSIG(status), bytes(ffi.buffer(task.tracee.stop.siginfo))
    if signals.is_due(task, number, first_siginfo(task, number, siginfo)):
        return False
    return signals.defer_in_running_code(recording, task, signals.original_siginfo(task, number, siginfo))


def _hide_pushed_trap_flag(task: Task) -> None:
    """Take the trap flag of the step out of what pushf has just written to the stack."""
    stack = regs.get(task.tracee.registers, "rsp")
    low = task.tracee.read(stack + 1, 1)[0]
    task.tracee.write(stack + 1, bytes((low & ~(_TRAP_FLAG >> 8),)))


def _is_same(name: str, one: bytes, other: bytes) -> bool:
    return regs.get(one, name) == regs.get(other, name)


def _write(
    recording: Recording, task: Task, trail: Trail, instruction: Instruction, mappings: Sequence[maps.Mapping]
) -> None:
    registers = task.tracee.registers
    xstate = task.tracee.get_xstate()
    kept = witnesses.keep(recording, task, trail, mappings)
    recording.write(
        Landmark(
            task.tid,
            registers,
            xstate,
            b"" if trail.looks_at_code else instruction.code,
            tuple(witnesses.clues(trail, registers, xstate, kept)),
            kept.witnesses,
            task.ran_since_event(),
            task.take_stops(),
        ),
    )
    task.registers = registers
    task.may_come_back = True
