"""A syscall from its first stop to its last: what is asked of the kernel, and what the trace keeps."""

from __future__ import annotations

import errno
import signal
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from redrive.formats.events import Effect, Restart, Syscall, SyscallEntry, SyscallExit
from redrive.formats.stops import Stop, StopKind, StopRegisters, encode_stop
from redrive.recorder import (
    address_space,
    answers,
    file_changes,
    forced_signals,
    foreign_memory,
    ignored_signals,
    permission,
    unknown_calls,
)
from redrive.recorder.deferred_signals import send_again
from redrive.recorder.echo import ECHOING_CALLS
from redrive.recorder.errors import RecordError
from redrive.recorder.task import Answer, OpenCall, Task
from redrive.tracee import registers as regs
from redrive.tracee import syscalls
from redrive.tracee._native import lib
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.syscalls import MemoryFault, Treatment

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

RESTART_SYSCALL = 219
_RESTART_WITHOUT_SIGNAL = -513
"""-ERESTARTNOINTR: the kernel makes the call again, after a handler if a signal has one (linux/errno.h)."""
RESTARTS = range(-516, -511)
"""ERESTARTSYS (512) to ERESTART_RESTARTBLOCK (516): linux/errno.h.  They never reach the program."""
_X32_BIT = 0x4000_0000
_MOV_EAX = 0xB8
_ARGUMENTS_AND_NUMBER = struct.Struct("<3Q16x4Q")
"""r10, r9, r8; rax and rcx are passed over; rdx, rsi, rdi, orig_rax."""
_RAX, _R10 = regs.OFFSETS["rax"], regs.OFFSETS["r10"]
_AFTER_RAX = _RAX + 8
_CLONE_UNTRACED = 0x0080_0000
_STRICT_MODE_ALLOWS = frozenset({0, 1, 15, 60})
"""read, write, rt_sigreturn and exit: seccomp(2)."""


def arguments_of(registers: bytes) -> tuple[int, ...]:
    """The six arguments, unsigned."""
    return number_and_arguments(registers)[1]


def number_and_arguments(registers: bytes) -> tuple[int, tuple[int, ...]]:
    """orig_rax and the six arguments, unsigned."""
    r10, r9, r8, rdx, rsi, rdi, number = _ARGUMENTS_AND_NUMBER.unpack_from(registers, _R10)
    return number, (rdi, rsi, rdx, r10, r8, r9)


def begin(recording: Recording, task: Task) -> None:
    """The first stop of a syscall."""
    entry = task.tracee.registers
    _write_restart(recording, task, entry)
    # The kernel takes the number for an int (arch/x86/entry/common.c).
    _open(recording, task, regs.get_signed(entry, "orig_rax") & 0xFFFF_FFFF, entry)


def begin_answered(recording: Recording, task: Task, number: int | None) -> None:
    """A syscall that a filter has answered already: R1 shows it by its exit stop alone, R2 with its number gone.

    Its first registers are those every regime shows for a call that begins.  Where the kernel has lost the number, the
    code may still tell; where it does not, the number is -1 and stays unknown.
    """
    seen = task.tracee.registers
    _write_restart(recording, task, seen)
    if number is None:
        number = _number_in_code(task, regs.get(seen, "rip"))
    _open(recording, task, number, regs.replace(seen, orig_rax=number, rax=-errno.ENOSYS), answered=True)


def _open(recording: Recording, task: Task, number: int, entry: bytes, *, answered: bool = False) -> None:
    arguments = arguments_of(entry)
    found = syscalls.find(number, arguments) if 0 <= number < _X32_BIT else None
    task.call = call = OpenCall(number, arguments, found, entry, answered=answered)
    call.may_block = found is None or found.may_block or task.process.filtered
    if found is not None:
        call.inputs = found.inputs(arguments, task.tracee)
        if found.command:
            recording.straight.meet(arguments, found)
    elif not answered:
        _begin_unknown(recording, task, call)
    # In a row of many handlers the call itself must have its turn some time.  And where a handler has begun since that
    # blocks what was put aside, nothing would have the kernel make the call again.
    comes_first = any(not task.wishes.blocks(number) for number, _ in task.deferred)
    call.postponed = comes_first and not task.repeated.has_enough(task.registers)
    send_again(recording, task)


def _begin_unknown(recording: Recording, task: Task, call: OpenCall) -> None:
    if call.number < _X32_BIT:
        call.pages = unknown_calls.pages_around(task.tracee, call.arguments)
    if call.number not in recording.named_unknown:
        recording.named_unknown.add(call.number)
        text = f"syscall {call.number} (first argument {call.arguments[0]:#x}) is not in Redrive's table"
        recording.note(task, f"{text}; what it changed in the pages around its arguments was recorded")


def _number_in_code(task: Task, rip: int) -> int:
    """The immediate of a `mov $number, %eax` just before the syscall instruction, or -1."""
    code = task.tracee.read_available(rip - 7, 7)
    return struct.unpack_from("<i", code, 1)[0] if len(code) == 7 and code[0] == _MOV_EAX else -1


def end_unseen(recording: Recording, task: Task) -> None:
    """What was taken for the entry of a call was its only stop, its exit: a filter had answered -ENOSYS (eras.py)."""
    call = task.call
    assert call is not None
    call.answer, call.pages, call.answered = None, None, True
    if not call.written:
        task.stops[-1] = encode_stop(Stop(StopKind.SYSCALL_EXIT, StopRegisters.SECOND, 0))
    complete(recording, task, call, regs.replace(call.entry, rax=-errno.ENOSYS), -errno.ENOSYS)


def _write_restart(recording: Recording, task: Task, entry: bytes) -> None:
    """When the kernel has restarted an interrupted syscall by itself, say so before it begins again."""
    if task.interrupted is None:
        return
    number = regs.get(entry, "orig_rax")
    task.registers = regs.replace(task.registers, rip=regs.get(task.registers, "rip") - 2, rax=number)
    recording.write(Restart(task.tid, task.registers))
    task.restarted, task.interrupted = task.interrupted, None


def prepare(recording: Recording, task: Task) -> None:
    """Decide what the kernel is asked to do.

    To be called at the seccomp stop: a filter of the program's own that has another answer than RET_TRACE, and so none
    of this, has had its say then, and none will be asked about the -1 of a call that is skipped.
    """
    call = task.call
    assert call is not None
    call.prepared = True
    found = call.syscall
    if call.postponed:
        # The signals that met the code before it come first, as they would have natively.
        skip(task, Answer(_RESTART_WITHOUT_SIGNAL))
    elif task.strict and call.number not in _STRICT_MODE_ALLOWS:
        skip(task, Answer(-errno.ENOSYS))
        lib.redrive_tgkill(task.process.tgid, task.tid, signal.SIGKILL)
    elif found is None:
        if call.number >= _X32_BIT:
            skip(task, Answer(-errno.ENOSYS))
    elif found.treatment is Treatment.REFUSED:
        skip(task, Answer(-found.refusal))
    elif found.treatment is Treatment.EMULATED:
        said = answers.answer(recording, task, call)
        if said is not None:
            skip(task, said)
    elif found.treatment is Treatment.EXECUTED:
        _prepare_executed(recording, task, call)
    elif (reported := recording.attachments.waited(task, call)) is not None:
        skip(task, reported)
    elif recording.echo.cannot_follow(task.tracee, found.name, call.arguments):
        # Programs that splice fall back to read and write, whose bytes pass through their memory.
        skip(task, Answer(-errno.EINVAL))
    elif recording.short_transfers is not None:
        recording.short_transfers.shorten(task, call)


def _prepare_executed(recording: Recording, task: Task, call: OpenCall) -> None:
    assert call.syscall is not None
    if call.syscall.name == "clone" and call.arguments[0] & _CLONE_UNTRACED:
        task.tracee.set_registers(regs.replace(call.entry, rdi=call.arguments[0] & ~_CLONE_UNTRACED))
        call.changed = "rdi"
    device = address_space.mapped_device(recording, task, call)
    if device:
        recording.note(task, f"the program maps {device}, which is no file and cannot be recorded: it was told ENODEV")
        skip(task, Answer(-errno.ENODEV))
    if address_space.reaches_agent(call, AGENT_ADDRESS, AGENT_LENGTH):
        if call.syscall.name == "munmap":
            raise RecordError("the program unmaps the pages Redrive keeps in it: that cannot be recorded")
        skip(task, Answer(-errno.ENOMEM))


def skip(task: Task, answer: Answer) -> None:
    """Make the kernel skip the call that the task has stopped before: its number becomes -1 (ptrace(2))."""
    assert task.call is not None
    task.call.answer = answer
    task.tracee.set_registers(regs.replace(task.tracee.registers, orig_rax=-1))


def write_entry(recording: Recording, task: Task) -> None:
    """Another event is about to come before the call's end."""
    call = task.call
    if call is not None and not call.written:
        call.written = True
        writes = _written_asleep(task, call)
        recording.write(SyscallEntry(task.tid, call.number, call.entry, writes, call.inputs, task.take_stops()))


def _written_asleep(task: Task, call: OpenCall) -> tuple[tuple[int, bytes], ...]:
    extents = writes_asleep(task, call)
    return tuple(task.tracee.gather(extents)) if extents else ()


def writes_asleep(task: Task, call: OpenCall) -> Sequence[tuple[int, int]]:
    """Where (address, length) the kernel writes before the task sleeps in this call."""
    if call.syscall is None or call.answer is not None or call.answered:
        return ()
    return call.syscall.outputs_asleep(call.arguments, task.tracee)


def finish(recording: Recording, task: Task) -> None:
    """The last stop of a syscall."""
    call = task.call
    assert call is not None
    seen = task.tracee.registers
    if not call.prepared and regs.get(seen, "rax") == call.number:
        # From 4.8 on RET_TRAP shows an exit stop with the number back where it was, as if the call had returned it.
        call.answered = True
    if call.answer is not None:
        call.answer = give(task, call.answer)
    registers = registers_after(call, seen)
    if registers != seen and not call.answered:
        task.tracee.set_registers(registers)
    registers = ignored_signals.as_untraced(task, call, registers)
    complete(recording, task, call, registers, regs.get_signed(registers, "rax"))


def give(task: Task, answer: Answer) -> Answer:
    """Write an answer to memory, and return it as the program got it.

    That is EFAULT where it has no memory for it, and what was written until there.
    """
    written: list[tuple[int, bytes]] = []
    try:
        for address, data in answer.writes:
            task.tracee.write(address, data)
            written.append((address, data))
    except MemoryFault:
        return Answer(-errno.EFAULT, tuple(written))
    return answer


def registers_after(call: OpenCall, seen: bytes) -> bytes:
    """What the program goes on with after the last stop of a syscall, which showed the registers ``seen``."""
    if call.answer is not None:
        return regs.replace(seen, rax=call.answer.result, orig_rax=regs.get(call.entry, "orig_rax"))
    if call.answered:
        # R2 leaves -1 in orig_rax, which is no register of the CPU.
        return regs.replace(seen, orig_rax=call.number)
    if call.changed:
        return regs.replace(seen, **{call.changed: regs.get(call.entry, call.changed)})
    return seen


def complete(recording: Recording, task: Task, call: OpenCall, registers: bytes, result: int) -> None:
    """Write the event of a syscall that has ended with these registers."""
    if _restores_xstate(call):
        # Only a SyscallExit has room for it.
        write_entry(recording, task)
        forced_signals.mask_changed(recording, task)
    effects = _effects(recording, task, call, result)
    if recording.outside_memory.wants_to_see():
        effects += tuple(recording.outside_memory.changes(task))
    writes = _writes(task, call, result)
    if effects:
        writes += recording.planted_traps.mapped(task, call, effects)
    entry = call.entry
    same = registers[:_RAX] == entry[:_RAX] and registers[_AFTER_RAX:] == entry[_AFTER_RAX:]
    seen: int | bytes = result if same else registers
    if call.written:
        xstate = task.tracee.get_xstate() if _restores_xstate(call) else b""
        event = SyscallExit(task.tid, call.number, seen, xstate, writes, effects, task.take_stops())
        recording.write(event)
    else:
        stops = task.take_stops()
        recording.write(Syscall(task.tid, call.number, entry, seen, writes, effects, call.inputs, stops))
    task.registers = registers
    task.may_come_back = _restores_xstate(call)
    if task.may_come_back:
        task.repeated.returned(registers)
    task.call = None
    task.latest_call = call
    if result in RESTARTS:
        task.interrupted = task.restarted if call.number == RESTART_SYSCALL and task.restarted else call


def _restores_xstate(call: OpenCall) -> bool:
    return call.syscall is not None and call.syscall.name == "rt_sigreturn"


def _writes(task: Task, call: OpenCall, result: int) -> tuple[tuple[int, bytes], ...]:
    if call.answer is not None:
        return call.answer.writes
    if call.pages is not None:
        return unknown_calls.changes(task.tracee, call.pages)
    if call.answered:
        return ()
    source = task.restarted if call.number == RESTART_SYSCALL and task.restarted else call
    if source.syscall is None:
        return ()
    extents = source.syscall.outputs(source.arguments, result, task.tracee)
    return tuple(task.tracee.gather(extents)) if extents else ()


def _effects(recording: Recording, task: Task, call: OpenCall, result: int) -> tuple[Effect, ...]:
    found = call.syscall
    if found is None or call.answer is not None or call.answered:
        return ()
    if found.treatment is Treatment.EXECUTED:
        return tuple(address_space.derive_effects(recording, task, call, result))
    if result < 0:
        return ()
    name = found.name
    after = _AFTER.get(found.command or name)
    if after is not None:
        after(recording, task, call, result)
    effects: list[Effect] = []
    if file_changes.is_concerned(call):
        effects += file_changes.derive_effects(recording, task, call, result)
    effects += foreign_memory.derive_effects(recording, task, call, result)
    echo = recording.echo.find(task.tracee, name, call.arguments, result)
    if echo is not None:
        effects.append(echo)
    return tuple(effects)


def _socket_made(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    recording.contents.socket_made(call.arguments[0])


def _filter_installed(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    # TSYNC may have given it to the other threads; asking them for every stop costs little.
    task.process.filtered = True


def _no_new_privileges(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    task.process.no_new_privileges = True


def _clear_tid(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    task.clear_tid = call.arguments[0]


def _robust_list(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    task.robust_list = call.arguments[0]


def _yielded(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    recording.scheduler.yields = True


def _nice_changed(recording: Recording, task: Task, call: OpenCall, result: int) -> None:
    recording.scheduler.has_priorities = True


_AFTER = {
    "socket": _socket_made,
    "PR_SET_SECCOMP": _filter_installed,
    "SECCOMP_SET_MODE_FILTER": _filter_installed,
    "PR_SET_NO_NEW_PRIVS": _no_new_privileges,
    "set_tid_address": _clear_tid,
    "set_robust_list": _robust_list,
    "personality": address_space.personality_changed,
    "sched_yield": _yielded,
    "setpriority": _nice_changed,
    "sched_setattr": _nice_changed,
    "rt_sigprocmask": forced_signals.after_sigprocmask,
    "rt_sigaction": forced_signals.after_sigaction,
    **dict.fromkeys(permission.CHANGES_IDENTITY, permission.check_identity),
}
"""What the recorder must remember of a syscall that has succeeded."""


def has_aftermath(name: str) -> bool:
    """Whether a successful call of this name concerns more than its result and outputs."""
    return name in _AFTER or name in file_changes.CALLS or name in ECHOING_CALLS or name in foreign_memory.CALLS


def refuse_trace(task: Task) -> None:
    """A filter of the program's own answered RET_TRACE: what it would get without a tracer of its own (seccomp(2))."""
    skip(task, Answer(-errno.ENOSYS))
