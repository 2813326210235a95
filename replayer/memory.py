"""Writing to a replayed task's memory what the kernel wrote at record time."""

from __future__ import annotations

from redrive.formats.events import Writes
from redrive.replayer.bounds import check_memory
from redrive.replayer.mismatch import Mismatch
from redrive.replayer.task import Task
from redrive.tracee.agent_pages import AGENT_ADDRESS
from redrive.tracee.remote_calls import Call, RemoteCallFailed, run
from redrive.tracee.syscalls import MemoryFault

_TIME = 201


def write_memory(task: Task, writes: Writes) -> None:
    """Write all pieces in order.  Raises Mismatch where there is no memory, UntrustworthyTrace where none may be."""
    write = task.tracee.write
    for address, data in writes:
        if address + len(data) > AGENT_ADDRESS:
            check_memory(address, len(data))
        try:
            write(address, data)
        except MemoryFault:
            _write_below_stack(task, address, data)


def read_memory(task: Task, address: int, length: int) -> bytes:
    """Memory of the task.  Raises Mismatch where it has none, UntrustworthyTrace where none may be."""
    check_memory(address, length)
    data = task.tracee.read_available(address, length)
    if len(data) != length:
        raise Mismatch(task, f"{length} bytes of memory at {address:#x} to be there")
    return data


def _write_below_stack(task: Task, address: int, data: bytes) -> None:
    """As the kernel grew the stack for its own write then, have it do so now: only the task itself can cause that."""
    try:
        # time(2) writes eight bytes, which the recorded ones then replace.
        run(task.tracee, [Call(_TIME, (address & ~7,))])
        task.tracee.write(address, data)
    except (RemoteCallFailed, MemoryFault):
        raise Mismatch(task, f"{len(data)} bytes of memory at {address:#x} to be there") from None
