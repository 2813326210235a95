"""What the running kernel does, found by trying it: never by its version number, as distributions backport."""

from __future__ import annotations

import os
from contextlib import closing
from typing import NamedTuple

from redrive.tracee import ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.eras import Regime
from redrive.tracee.errors import TraceeError
from redrive.tracee.inherited_filter import inherits_filter
from redrive.tracee.regime_probe import PAIRS, ProbeChild

_ARGUMENTS_OF_SYSCALL_INFO = 88


class KernelFeatures(NamedTuple):
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


def cpuid_faults() -> bool:
    """Whether arch_prctl(ARCH_SET_CPUID) works here; asked by setting what is set already."""
    return lib.redrive_share_cpuid_faulting(0) == 0


def probe() -> KernelFeatures:
    """Tries everything out on a child process.

    Raises TraceeError or SpawnFailed when this kernel or container does not let us trace.
    """
    for pair in PAIRS:
        with closing(ProbeChild(pair)) as child:
            features = _observe(child)
        if features is not None:
            return features
    raise TraceeError(
        "the probe of the kernel never saw its own seccomp filter at work: a filter that Redrive was started under, a "
        f"container's or a sandbox's, had other answers to all {2 * len(PAIRS)} harmless syscalls that it tried"
    )


def _observe(child: ProbeChild) -> KernelFeatures | None:
    """None when a filter that was there before interferes with this child's calls."""
    if not child.reach_traced_call():
        return None
    found = child.find_regime()
    if found is None:
        return None
    regime, sysemu = found
    tracee = child.tracee
    info = ffi.new("uint8_t[]", _ARGUMENTS_OF_SYSCALL_INFO)
    address = int(ffi.cast("uintptr_t", info))
    mask = ffi.new("uint64_t *")
    name = os.uname()
    return KernelFeatures(
        release=name.release,
        version=name.version,
        machine=name.machine,
        regime=regime,
        sysemu=sysemu,
        syscall_info=lib.redrive_request(ptrace.GET_SYSCALL_INFO, tracee.tid, _ARGUMENTS_OF_SYSCALL_INFO, address) > 0,
        signal_mask=lib.redrive_get_signal_mask(tracee.tid, mask) == 0,
        cpuid_faulting=cpuid_faults(),
        inherited_filter=inherits_filter(),
        memfd=hasattr(os, "memfd_create") and _memfd_works(),
        xstate_size=len(tracee.get_xstate()),
    )


def _memfd_works() -> bool:
    try:
        os.close(os.memfd_create("probe"))
    except OSError:
        return False
    return True
