"""The registers that an event's general registers tell nothing of, vector and floating point: set, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redrive.replayer.errors import ReplayError
from redrive.replayer.mismatch import Mismatch
from redrive.replayer.task import Task
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.xstate import Component, component_name, components, contents, fitted, moved_offset

_LEGACY_LAYOUT = (
    ("the x87 control words", 6),
    ("mxcsr", 4),
    *((f"st({number})", 16) for number in range(8)),
    *((f"xmm{number}", 16) for number in range(16)),
)
"""What redrive.tracee.xstate.contents begins with, and how many bytes each takes."""


class VectorRegisters:
    """Recorded XSAVE areas, on this machine."""

    def __init__(self, recorded: Sequence[Component]) -> None:
        """``recorded`` are the components of the recording machine's area."""
        self.components = components()
        self._recorded = recorded
        known = {component.bit for component in recorded}
        # What the recording machine did not have, no recorded program has changed.
        self._compared = tuple(component for component in self.components if component.bit in known)
        self._layout = (
            *_LEGACY_LAYOUT,
            *((component_name(component.bit), component.size) for component in self._compared),
        )
        self._own = b""

    def set(self, task: Task, xstate: bytes) -> None:
        """Set what was recorded; nothing where none was kept.  Raises ReplayError where this machine cannot."""
        if not xstate:
            return
        try:
            task.tracee.set_xstate(self._fitted(task, xstate))
        except TraceeGone:
            raise
        except TraceeError as error:
            raise ReplayError(f"the trace holds vector registers that this machine refuses: {error}") from error

    def compare(self, task: Task, xstate: bytes) -> None:
        """Raises Mismatch when the task's registers are not the recorded ones."""
        recorded = contents(self._fitted(task, xstate), self._compared)
        seen = contents(task.tracee.get_xstate(), self._compared)
        if recorded != seen:
            names = ", ".join(self._differing(recorded, seen))
            raise Mismatch(task, f"vector registers as they were recorded; {names} differ", seen=task.registers)

    def agree(self, task: Task, xstate: bytes) -> bool:
        """Whether the task's registers are the recorded ones."""
        recorded = contents(self._fitted(task, xstate), self._compared)
        return recorded == contents(task.tracee.get_xstate(), self._compared)

    def own_offset(self, offset: int) -> int | None:
        """Where this machine's area keeps what is at an offset of a recorded one; None where it does not."""
        return moved_offset(offset, self._recorded, self.components)

    def _fitted(self, task: Task, xstate: bytes) -> bytes:
        if not self._own:
            self._own = task.tracee.get_xstate()
        try:
            return fitted(xstate, self._recorded, self.components, self._own)
        except ValueError as error:
            raise ReplayError(str(error)) from error

    def _differing(self, recorded: bytes, seen: bytes) -> Iterator[str]:
        position = 0
        for name, size in self._layout:
            if recorded[position : position + size] != seen[position : position + size]:
                yield name
            position += size
