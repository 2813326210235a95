"""Syscalls made inside a stopped task by the runner of native/stub_code.c: a list of them at the price of one stop.

The task's memory holds the stub (redrive.replayer.stub) at AGENT_ADDRESS: the runner's code in the first page, its
list and data in those after it.  The task's registers are lost: the caller sets them anew afterwards.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Sequence
from typing import NamedTuple

from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import ffi, lib
from redrive.tracee.agent_pages import AGENT_ADDRESS
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.mappings import PAGE
from redrive.tracee.own_faults import is_foreign_stop
from redrive.tracee.tracee import Tracee

_length = ffi.new("uint32_t *")
_start = lib.redrive_stub_code(_length)
RUNNER_CODE = bytes(ffi.buffer(_start, _length[0]))
RUNNER_ADDRESS = AGENT_ADDRESS + 0x200
"""Behind the ELF headers, which the first page begins with."""
LIST_ADDRESS = AGENT_ADDRESS + PAGE
LIST_LIMIT = 512
"""Calls in one list."""
SCRATCH_ADDRESS = LIST_ADDRESS + 64 * (LIST_LIMIT + 1)
"""From here on to AGENT_ADDRESS + AGENT_LENGTH is room for what pointer arguments point at."""

# After int3, rip is behind it.
_STOPPED_AT = RUNNER_ADDRESS + len(RUNNER_CODE)
_SIGTRAP_STOP = ptrace.stop_status(signal.SIGTRAP)
_CALL = struct.Struct("<8Q")
_END_OF_LIST = _CALL.pack(2**64 - 1, *(0,) * 7)
_MAY_FAIL = 1 << 8
_START_REGISTERS = regs.replace(
    bytes(regs.SIZE),
    rip=RUNNER_ADDRESS,
    rbx=LIST_ADDRESS,
    orig_rax=-1,
    cs=regs.USER_CODE_SEGMENT,
    ss=0x2B,
    eflags=0x202,
)


class Call(NamedTuple):
    """One syscall; arguments are unsigned.

    ``loaded`` has bit n set when argument n is the address of a 32-bit integer that is to be passed instead.
    """

    number: int
    arguments: tuple[int, ...]
    may_fail: bool = False
    loaded: int = 0


class RemoteCallFailed(TraceeError):
    """A call of the list failed, and those after it were not made."""

    def __init__(self, call: Call, errno: int) -> None:
        super().__init__(f"syscall {call.number} inside a tracee failed: {os.strerror(errno)}")
        self.call = call
        self.errno = errno


def _encode(call: Call) -> bytes:
    arguments = [*call.arguments, *(0,) * (6 - len(call.arguments))]
    return _CALL.pack(call.number, *arguments, call.loaded | (_MAY_FAIL if call.may_fail else 0))


def leave(tracee: Tracee, calls: Sequence[Call]) -> None:
    """Start a list without waiting for anything that comes of it."""
    _prepare(tracee, calls)
    tracee.set_registers(_START_REGISTERS)
    tracee.resume(ptrace.CONT)


def begin(tracee: Tracee, calls: Sequence[Call]) -> None:
    """Start a list and go on to its first stop: at its end, or where a call causes one (fork, execve, exit)."""
    _prepare(tracee, calls)
    tracee.step_from(_START_REGISTERS, ptrace.CONT)
    _pass_foreign_stops(tracee)


def go_on(tracee: Tracee) -> None:
    """On to the next stop of a list that has begun."""
    tracee.step(ptrace.CONT)
    _pass_foreign_stops(tracee)


def check_end(tracee: Tracee, calls: Sequence[Call]) -> None:
    """Make sure that the task is at the end of its list.  Raises RemoteCallFailed, TraceeGone or TraceeError."""
    if not os.WIFSTOPPED(tracee.stop.status):
        raise TraceeGone(f"task {tracee.tid} died in a syscall made for it")
    stopped = tracee.stop.registers
    if tracee.stop.status != _SIGTRAP_STOP or stopped.rip != _STOPPED_AT:
        raise TraceeError(f"task {tracee.tid} stopped unexpectedly ({tracee.stop.status:#x}) in a syscall made for it")
    done = (stopped.rbx - LIST_ADDRESS) // _CALL.size
    if done != len(calls):
        raise RemoteCallFailed(calls[done], -regs.get_signed(tracee.registers, "rax"))


def run(tracee: Tracee, calls: Sequence[Call]) -> None:
    """Make all calls.  Raises RemoteCallFailed at the first failure that is not expected."""
    begin(tracee, calls)
    check_end(tracee, calls)


def _pass_foreign_stops(tracee: Tracee) -> None:
    while is_foreign_stop(tracee.stop):
        tracee.step(ptrace.CONT)


def _prepare(tracee: Tracee, calls: Sequence[Call]) -> None:
    if len(calls) > LIST_LIMIT:
        raise ValueError(f"{len(calls)} calls are too many for one list")
    tracee.write(LIST_ADDRESS, b"".join([*map(_encode, calls), _END_OF_LIST]))
