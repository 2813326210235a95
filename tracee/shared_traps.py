"""What traps in the tracees traps in their tracer too: see native/shared_traps.c for why."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from redrive.tracee._native import lib


@contextlib.contextmanager
def shared_traps(*, cpuid: bool) -> Iterator[None]:
    """Have rdtsc, and ``cpuid`` where that can be, trap in this thread as they do in its tracees.

    Both are answered, slowly.  A kernel that refuses leaves all as it was: that costs time only.
    """
    # A blocked one that an instruction raises kills at once.
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGSEGV])
    lib.redrive_share_tsc_trap(1)
    if cpuid:
        lib.redrive_share_cpuid_faulting(1)
    try:
        yield
    finally:
        if cpuid:
            lib.redrive_share_cpuid_faulting(0)
        lib.redrive_share_tsc_trap(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
