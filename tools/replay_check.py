"""The replay that follows a recording or a packing at once, to see whether what was written replays exactly."""

from __future__ import annotations

from pathlib import Path

from redrive.tools.messages import say
from redrive.tools.replay_progress import ReplayProgress


def check_replay(path: Path) -> None:
    """Replay an archive without its output, and say how far that went.  Raises Divergence and other ReplayErrors."""
    from redrive.replayer.replay import replay

    with ReplayProgress() as progress:
        result = replay(path, quiet=True, watcher=progress.watcher)
    if result.complete:
        say("the replay was exact")
    else:
        say(f"the replay was exact as far as the trace goes, which ends early: {result.reason}")
