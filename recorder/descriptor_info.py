"""What /proc/PID/fdinfo says of a tracee's descriptor (proc(5))."""

from __future__ import annotations

from typing import NamedTuple

from redrive.tracee import proc_file


class DescriptorInfo(NamedTuple):
    """``position`` is the file offset in bytes, ``flags`` are open(2)'s."""

    position: int
    flags: int


def descriptor_info(tid: int, descriptor: int) -> DescriptorInfo:
    """Raises OSError when there is no such descriptor, or it may not be looked at."""
    fields = proc_file.read_fields(f"/proc/{tid}/fdinfo/{descriptor}")
    return DescriptorInfo(int(fields["pos"]), int(fields["flags"], 8))
