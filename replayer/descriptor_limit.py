"""How many descriptors a replay may have: one for each file that was mapped, and a few of its own."""

from __future__ import annotations

import resource

from redrive.replayer.errors import ReplayError

_AT_LEAST = 128
"""The stub has its two at 100 and 101."""


def raise_descriptor_limit() -> None:
    """To the hard limit, as the soft one is often 1024.  Raises ReplayError where even that is too low."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _AT_LEAST:
        raise ReplayError(f"a replay needs {_AT_LEAST} descriptors, and the limit here (ulimit -Hn) is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
