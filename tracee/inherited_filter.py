"""Whether Redrive itself, and so all that it starts, runs under a seccomp filter: a container's or a sandbox's."""

from __future__ import annotations

from functools import cache

from redrive.tracee import proc_file


@cache
def inherits_filter() -> bool:
    """Asked of the kernel once: nobody gets rid of a filter, and Redrive gives itself none."""
    return proc_file.read_fields("/proc/self/status").get("Seccomp") == "2"
