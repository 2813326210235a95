"""Whether Redrive itself, and so all that it starts, runs under a seccomp filter: a container's or a sandbox's."""

from __future__ import annotations

from redrive.tracee import proc_file


def inherits_filter() -> bool:
    """Whether this process is under a seccomp filter already, a container's for instance."""
    status = proc_file.read_text("/proc/self/status")
    return any(line.split() == ["Seccomp:", "2"] for line in status.splitlines())
