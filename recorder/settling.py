"""Before a call changes what another task sees, that task is brought to a point that replay can find.

A task whose memory nobody else sees is held anywhere in its code (Task.is_private).  Some calls reach into such a task
all the same: process_vm_writev, writes to /proc/PID/mem or to a file that it has mapped, prlimit of its stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redrive.recorder import calls, file_changes, foreign_memory, waiting
from redrive.recorder.task import OpenCall, State, Task
from redrive.tracee.errors import TraceeGone

if TYPE_CHECKING:
    from redrive.recorder.recording import Recording

_RLIMIT_STACK = 3
LOOKED_AT = frozenset({"truncate", "creat", "openat2", "open_by_handle_at", "process_vm_writev", "prlimit64"})
"""Calls that are looked at before they run, whatever their arguments; the native step leaves out opens with O_TRUNC."""


def before_call(recording: Recording, task: Task) -> None:
    """A task is about to be let go into its syscall: settle whom that reaches into, who must not run before its end."""
    call = task.call
    if len(recording.tasks) == 1 or call is None or call.syscall is None or call.answer is not None:
        return
    number = file_changes.about_to_change(recording, task, call) if file_changes.is_concerned(call) else None
    if number is not None:
        settle_mappers(recording, task, number)
    other = recording.tasks.get(_reached(recording, task, call))
    if other is not None and other is not task:
        _settle(recording, task, other)
        call.reaches_others = True
    call.reaches_others |= number is not None
    call.may_block &= not call.reaches_others


def settle_mappers(recording: Recording, task: Task, number: int) -> None:
    """Settle whoever has mapped the image ``number``, as ``task`` may change its file from now on."""
    for other in list(recording.tasks.values()):
        if number in other.space.images:
            # From now on it is held at landmarks.
            other.space.shares_files = True
            if other is not task:
                _settle(recording, task, other)


def _reached(recording: Recording, task: Task, call: OpenCall) -> int:
    """The task whose memory or limits a call changes; 0 for none."""
    assert call.syscall is not None
    if call.syscall.name == "prlimit64":
        return call.arguments[0] & 0x7FFF_FFFF if call.arguments[1] == _RLIMIT_STACK and call.arguments[2] else 0
    return foreign_memory.target_of(recording, task, call) if call.syscall.name in foreign_memory.CALLS else 0


def _settle(recording: Recording, task: Task, other: Task) -> None:
    """Bring a task that is held in running code to an exact point, while ``task`` is at a stop of its syscall."""
    if not recording.disguise.take(other.identity or recording.disguise.own):
        return
    try:
        waiting.look_for_end(recording, other)
        # One with a signal to be delivered is never held.
        while other.midway and not other.signal and other.call is None and other.state is State.READY:
            _bring_on(recording, other)
        # Its event says that it has come so far before the other's call runs.
        calls.write_entry(recording, other)
    except TraceeGone:
        waiting.collect_end(recording, other)
    finally:
        recording.disguise.take(task.identity or recording.disguise.own)


def _bring_on(recording: Recording, other: Task) -> None:
    # Loaded when first needed, as the decoder of instructions takes 40 ms.
    from redrive.recorder import landmarks

    end = landmarks.take(recording, other)
    other.midway = False
    if end is landmarks.End.AT_EDGE:
        recording.enter_kernel(other)
    if end is not landmarks.End.TAKEN:
        recording.handle(other)
