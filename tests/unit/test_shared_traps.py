"""What traps in tracees and their tracer, and how the tracer lives with it."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import time

from redrive.tracee._native import ffi, lib
from redrive.tracee.kernel import cpuid_faults
from redrive.tracee.monotonic import monotonic, monotonic_ns
from redrive.tracee.shared_traps import shared_traps

_PR_GET_TSC, _PR_TSC_ENABLE, _PR_TSC_SIGSEGV = 25, 1, 2
_RDTSCP = b"\x0f\x01\xf9\x48\xc1\xe2\x20\x48\x09\xd0\xc3"
"""rdtscp; shl $32, %rdx; or %rdx, %rax; ret"""


def _setting() -> int:
    setting = ctypes.c_int()
    assert ctypes.CDLL(None).prctl(_PR_GET_TSC, ctypes.byref(setting), 0, 0, 0) == 0
    return setting.value


def test_rdtsc_traps_while_it_is_shared_and_only_then() -> None:
    assert _setting() == _PR_TSC_ENABLE
    with shared_traps(cpuid=cpuid_faults()):
        assert _setting() == _PR_TSC_SIGSEGV
    assert _setting() == _PR_TSC_ENABLE


def test_the_counter_is_read_all_the_same() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(_RDTSCP)
    rdtscp = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    read = [lib.redrive_rdtsc(), rdtscp()]
    with shared_traps(cpuid=False):
        read += [lib.redrive_rdtsc(), rdtscp()]
        assert _setting() == _PR_TSC_SIGSEGV
    read += [lib.redrive_rdtsc(), rdtscp()]
    assert read == sorted(read) and len(set(read)) == len(read)


def test_all_clocks_go_on() -> None:
    before = time.monotonic_ns()
    with shared_traps(cpuid=False):
        times = [monotonic_ns(), time.monotonic_ns(), round(monotonic() * 1e9), time.monotonic_ns(), monotonic_ns()]
    times = [before, *times, time.monotonic_ns()]
    # A float's precision.
    assert all(later - earlier > -1000 for earlier, later in itertools.pairwise(times))


def test_cpuid_is_answered_too() -> None:
    def vendor() -> bytes:
        answer = ffi.new("uint32_t[4]")
        lib.redrive_cpuid(0, 0, answer)
        return bytes(ffi.buffer(answer))

    native = vendor()
    with shared_traps(cpuid=cpuid_faults()):
        assert vendor() == native
