"""What the running kernel does, found by trying it: never by its version number, as distributions backport."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from redrive.tracee import ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.eras import Regime
from redrive.tracee.errors import TraceeError
from redrive.tracee.seccomp_filter import program
from redrive.tracee.spawn import SpawnOptions, spawn
from redrive.tracee.tracee import Tracee

_RET_TRACE, _RET_ERRNO, _RET_ALLOW = 0x7FF0_0000, 0x0005_0000, 0x7FFF_0000
_GETPPID, _GETUID, _ARCH_PRCTL, _ARCH_SET_CPUID = 110, 102, 158, 0x1012
_ARGUMENTS_OF_SYSCALL_INFO = 88


@dataclass(frozen=True)
class KernelFeatures:
    """What a probe saw.  ``xstate_size`` in bytes; the rest says whether the thing works here."""

    release: str
    version: str
    machine: str
    regime: Regime
    sysemu: bool
    syscall_info: bool
    signal_mask: bool
    cpuid_faulting: bool
    inherited_filter: bool
    memfd: bool
    xstate_size: int


def _probe_filter() -> bytes:
    """getppid: RET_TRACE; getuid: RET_ERRNO(EACCES); all else allowed."""
    return program(
        (0x20, 0, 0, 0),
        (0x15, 0, 1, _GETPPID),
        (0x06, 0, 0, _RET_TRACE | 1),
        (0x15, 0, 1, _GETUID),
        (0x06, 0, 0, _RET_ERRNO | errno.EACCES),
        (0x06, 0, 0, _RET_ALLOW),
    )


def inherits_filter() -> bool:
    """Whether this process is under a seccomp filter already, a container's for instance."""
    status = Path("/proc/self/status").read_text()
    return any(line.split() == ["Seccomp:", "2"] for line in status.splitlines())


def cpuid_faults() -> bool:
    """Whether arch_prctl(ARCH_SET_CPUID) works here; asked by setting what is set already."""
    return bool(ctypes.CDLL(None).syscall(_ARCH_PRCTL, _ARCH_SET_CPUID, 1) == 0)


def _is_syscall_stop(tracee: Tracee) -> bool:
    return int(tracee.stop.status) >> 8 == ptrace.SYSCALL_STOP_SIGNAL


def _regime(tracee: Tracee) -> tuple[Regime, bool]:
    """The regime, and whether PTRACE_SYSEMU works, from the stops of a child that calls getppid and getuid in turn."""
    tracee.wait()
    if int(tracee.stop.status) >> 16 != ptrace.EVENT_SECCOMP:
        raise TraceeError("the probe of the kernel saw no seccomp stop: seccomp filters do not work here")
    tracee.step(ptrace.SYSCALL)
    # -ENOSYS is what rax holds on entry; getppid itself never fails.
    entry_comes_after_seccomp = tracee.stop.registers.rax == 2**64 - errno.ENOSYS
    if entry_comes_after_seccomp:
        tracee.step(ptrace.SYSCALL)
    try:
        tracee.step(ptrace.SYSEMU)
    except TraceeError:
        return (Regime.R1 if entry_comes_after_seccomp else Regime.R3), False
    if not entry_comes_after_seccomp:
        return Regime.R3, True
    # SYSEMU over RET_ERRNO: R2 shows a stop with the number gone, R1 none before getppid's seccomp stop.
    return (Regime.R2 if _is_syscall_stop(tracee) else Regime.R1), True


def probe() -> KernelFeatures:
    """Tries everything out on a child process.

    Raises TraceeError when this kernel or container does not let us trace.
    """
    spawned = spawn(None, [], [], SpawnOptions(filter=_probe_filter(), trap_tsc=False))
    tracee = Tracee(spawned.tid)
    try:
        regime, sysemu = _regime(tracee)
        info = ffi.new("uint8_t[]", _ARGUMENTS_OF_SYSCALL_INFO)
        address = int(ffi.cast("uintptr_t", info))
        syscall_info = lib.redrive_request(0x420E, tracee.tid, _ARGUMENTS_OF_SYSCALL_INFO, address) > 0
        mask = ffi.new("uint64_t *")
        signal_mask = lib.redrive_get_signal_mask(tracee.tid, mask) == 0
        xstate_size = len(tracee.get_xstate())
    finally:
        os.close(spawned.error_descriptor)
        os.kill(spawned.tid, signal.SIGKILL)
        while not (os.WIFSIGNALED(tracee.stop.status) or os.WIFEXITED(tracee.stop.status)):
            tracee.wait()
            if os.WIFSTOPPED(tracee.stop.status):
                tracee.resume(ptrace.CONT)
    name = os.uname()
    return KernelFeatures(
        release=name.release,
        version=name.version,
        machine=name.machine,
        regime=regime,
        sysemu=sysemu,
        syscall_info=syscall_info,
        signal_mask=signal_mask,
        cpuid_faulting=cpuid_faults(),
        inherited_filter=inherits_filter(),
        memfd=hasattr(os, "memfd_create") and _memfd_works(),
        xstate_size=xstate_size,
    )


def _memfd_works() -> bool:
    try:
        os.close(os.memfd_create("probe"))
    except OSError:
        return False
    return True
