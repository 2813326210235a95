"""One stopped task, and what both sides do to it: resume it, and read and write its registers and memory.

Every method that talks to the kernel raises TraceeGone when the task has died meanwhile.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

from redrive.tracee import ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.syscalls import MemoryFault

XSTATE_LIMIT = 16384
"""More than any CPU's XSAVE area (AMX makes it about 11 KiB)."""

_xstate_buffer = ffi.new("uint8_t[]", XSTATE_LIMIT)
_gather_limit = 1 << 20
_gather_buffer = ffi.new("uint8_t[]", _gather_limit)
_gather_addresses = ffi.new("uint64_t[64]")
_gather_lengths = ffi.new("uint64_t[64]")
_gather_view = ffi.buffer(_gather_buffer)
_word = ffi.new("uint64_t *")
_next_registers = ffi.new("struct redrive_registers *")
_next_registers_view = ffi.buffer(_next_registers)


def check(result: int, what: str, tid: int) -> int:
    """A native call's result; raises TraceeGone for -ESRCH and TraceeError for every other -errno."""
    if result >= 0:
        return result
    if result == -errno.ESRCH:
        raise TraceeGone(f"task {tid} is gone ({what})")
    raise TraceeError(f"{what} of task {tid} failed: {os.strerror(-result)}")


def wait_any(flags: int, stop: Any) -> int:
    """The tid whose stop was fetched into ``stop`` (struct redrive_stop *).

    0 when there is none under WNOHANG, -1 when no tracee is left.

    Raises InterruptedError when a signal for the tracer came first.
    """
    result = lib.redrive_wait(-1, flags, stop)
    if result == -errno.ECHILD:
        return -1
    if result == -errno.EINTR:
        raise InterruptedError
    check(result, "waitpid", -1)
    return int(stop.tid)


class Tracee:
    """A task under ptrace.  ``stop`` is the native struct of its latest stop, overwritten by the next."""

    __slots__ = ("raw_registers", "stop", "tid")

    def __init__(self, tid: int) -> None:
        self.tid = tid
        self.stop: Any = ffi.new("struct redrive_stop *")
        self.raw_registers = ffi.buffer(ffi.addressof(self.stop, "registers"))

    @property
    def registers(self) -> bytes:
        """The registers at the latest stop."""
        return bytes(self.raw_registers)

    def take_stop(self, stop: Any) -> None:
        """A stop of this task that was fetched for whichever task had one (struct redrive_stop *)."""
        aside = self.stop.aside
        ffi.memmove(self.stop, stop, ffi.sizeof("struct redrive_stop"))
        self.stop.aside = aside

    def step(self, request: int, signal: int = 0) -> None:
        """Resume and wait for this task's next stop (or end), fetched into ``stop``."""
        self._waited(lib.redrive_step(self.tid, request, signal, ffi.NULL, self.stop), "resuming")

    def _waited(self, result: int, what: str) -> None:
        """Go on with a wait that signals for the tracer interrupt, ``result`` being that of its beginning."""
        while result == -errno.EINTR:
            result = lib.redrive_wait(self.tid, 0, self.stop)
        if result < 0:
            check(result, what, self.tid)

    def step_from(self, registers: bytes, request: int) -> None:
        """As step, setting the registers first."""
        _next_registers_view[:] = registers
        self._waited(lib.redrive_step(self.tid, request, 0, _next_registers, self.stop), "resuming")

    def step_from_unless(self, registers: bytes, request: int, give_up: Callable[[], bool]) -> bool:
        """As step_from, but ``give_up`` is asked whenever a signal interrupts the wait.

        False when it says so: the task is interrupted then, and at whatever stop came of that.
        """
        _next_registers_view[:] = registers
        result = lib.redrive_step(self.tid, request, 0, _next_registers, self.stop)
        while result == -errno.EINTR:
            if give_up():
                self.interrupt()
                self.wait()
                return False
            result = lib.redrive_wait(self.tid, 0, self.stop)
        if result < 0:
            check(result, "resuming", self.tid)
        return True

    def wait(self) -> None:
        """Wait for the next stop of a task that has been resumed."""
        self._waited(lib.redrive_wait(self.tid, 0, self.stop), "waitpid")

    def resume(self, request: int, signal: int = 0) -> None:
        """Let the task go without waiting for it."""
        self.stop.request = request
        check(lib.redrive_resume(self.tid, request, signal), "resuming", self.tid)

    def interrupt(self) -> None:
        """PTRACE_INTERRUPT: a running task stops soon."""
        check(lib.redrive_request(ptrace.INTERRUPT, self.tid, 0, 0), "interrupting", self.tid)

    def set_options(self, options: ptrace.Option) -> None:
        """PTRACE_SETOPTIONS, of a stopped task."""
        check(lib.redrive_request(ptrace.SETOPTIONS, self.tid, 0, int(options)), "setting options", self.tid)

    def set_registers(self, registers: bytes) -> None:
        """Set all registers, of a stopped task; ``stop`` holds them then."""
        raw = ffi.from_buffer("struct redrive_registers *", registers)
        check(lib.redrive_set_registers(self.tid, raw), "setting registers", self.tid)
        self.raw_registers[:] = registers

    def get_registers(self) -> bytes:
        """Fetch the registers anew, into ``stop`` as well."""
        check(lib.redrive_get_registers(self.tid, ffi.addressof(self.stop, "registers")), "registers", self.tid)
        return self.registers

    def get_xstate(self) -> bytes:
        """The XSAVE area in standard format (NT_X86_XSTATE)."""
        length = check(lib.redrive_get_xstate(self.tid, _xstate_buffer, XSTATE_LIMIT), "xstate", self.tid)
        return bytes(ffi.buffer(_xstate_buffer, length))

    def set_xstate(self, xstate: bytes) -> None:
        """Set the XSAVE area; its size must be this machine's."""
        check(lib.redrive_set_xstate(self.tid, xstate, len(xstate)), "setting xstate", self.tid)

    def get_signal_mask(self) -> int:
        """The blocked signals, bit n - 1 for signal n (PTRACE_GETSIGMASK, Linux 3.11)."""
        check(lib.redrive_get_signal_mask(self.tid, _word), "signal mask", self.tid)
        return int(_word[0])

    def set_signal_mask(self, mask: int) -> None:
        """Set the blocked signals."""
        check(lib.redrive_set_signal_mask(self.tid, mask), "setting signal mask", self.tid)

    def set_siginfo(self, siginfo: bytes) -> None:
        """Replace the siginfo of the signal-delivery-stop the task is in."""
        check(lib.redrive_set_siginfo(self.tid, siginfo), "setting siginfo", self.tid)

    def set_debug_register(self, number: int, value: int) -> None:
        """Set a debug register: 0-3 addresses, 6 status, 7 control (Intel SDM volume 3, 18.2)."""
        check(lib.redrive_set_debug_register(self.tid, number, value), "debug register", self.tid)

    def read_available(self, address: int, length: int) -> bytes:
        """Up to ``length`` bytes of memory: fewer where the rest is not mapped."""
        if length > _gather_limit:
            buffer = ffi.new("uint8_t[]", length)
            return bytes(ffi.buffer(buffer, lib.redrive_read(self.tid, address, buffer, length)))
        data: bytes = _gather_view[: lib.redrive_read(self.tid, address, _gather_buffer, length)]
        return data

    def read(self, address: int, length: int) -> bytes:
        """Exactly ``length`` bytes of memory.  Raises MemoryFault where not all are mapped."""
        data = self.read_available(address, length)
        if len(data) != length:
            raise MemoryFault(address + len(data))
        return data

    def gather(self, extents: Sequence[tuple[int, int]]) -> list[tuple[int, bytes]]:
        """The bytes of (address, length) extents as (address, bytes), cut short or left out where not mapped."""
        count = len(extents)
        if count == 1:
            ((address, length),) = extents
            data = self.read_available(address, length)
            return [(address, data)] if data else []
        total = 0
        for index, (address, length) in enumerate(extents):
            if index == 64:
                break
            _gather_addresses[index] = address
            _gather_lengths[index] = length
            total += length
        if (
            count <= 64
            and total <= _gather_limit
            and lib.redrive_gather(self.tid, count, _gather_addresses, _gather_lengths, _gather_buffer) == total
        ):
            found = []
            position = 0
            for address, length in extents:
                found.append((address, _gather_view[position : position + length]))
                position += length
            return found
        pieces = ((address, self.read_available(address, length)) for address, length in extents)
        return [(address, data) for address, data in pieces if data]

    def write(self, address: int, data: bytes) -> None:
        """Write memory, whatever its protection.  Raises MemoryFault where it is not mapped."""
        done = lib.redrive_write(self.tid, address, data, len(data))
        if done != len(data):
            raise MemoryFault(address + max(done, 0))

    def read_word(self, address: int) -> int:
        """A 64-bit word of memory.  Raises MemoryFault."""
        return int.from_bytes(self.read(address, 8), "little")
