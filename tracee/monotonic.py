"""CLOCK_MONOTONIC where rdtsc traps (see shared_traps): Python's own clocks use the vDSO, which reads that counter."""

from __future__ import annotations

from redrive.tracee._native import lib

monotonic_ns = lib.redrive_monotonic
"""As time.monotonic_ns: nanoseconds."""


def monotonic() -> float:
    """As time.monotonic: seconds."""
    return float(lib.redrive_monotonic()) * 1e-9
