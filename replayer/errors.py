"""Why a trace cannot be replayed."""

from __future__ import annotations


class ReplayError(Exception):
    """Replay cannot start or go on; the message is one sentence for the user."""


class UntrustworthyTrace(ReplayError):
    """The trace asks for what no recorder writes: an address outside of user space, a task that is not there."""
