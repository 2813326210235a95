"""What a check of a whole archive found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redrive.formats.outcome import Outcome, Trailer
from redrive.formats.progress import Progressed, nobody_watches
from redrive.formats.salvage import Damage, NumberedEvent, Salvage, WholeBlob


@dataclass(frozen=True)
class Verification:
    """Counts of what is whole, in an archive of ``size`` bytes that hold ``content_size`` before compression.

    ``closed`` says that trailer and footer are whole; ``ending`` is a sentence on how the recording ended.  What is
    lost is counted as far as whole frames tell: their heads and the trailer say how many events and blobs there were.
    """

    size: int
    content_size: int
    frames: int
    events: int
    blobs: int
    damaged_places: int
    lost_events: int
    lost_blobs: int
    closed: bool
    ending: str


def verify(path: Path, report: Callable[[Damage], None], progressed: Progressed = nobody_watches) -> Verification:
    """Reads all of an archive and reports each damaged place as it is met, and how many bytes of how many it has read.

    Raises ArchiveError as Salvage does.
    """
    events = blobs = damaged_places = 0
    outcome: Outcome | None = None
    with Salvage(path) as salvage:
        for found in salvage.found():
            progressed(salvage.end, salvage.size)
            if isinstance(found, NumberedEvent):
                events += 1
            elif isinstance(found, WholeBlob):
                blobs += 1
            elif isinstance(found, Trailer):
                outcome = found.outcome
            elif isinstance(found, Damage):
                damaged_places += 1
                report(found)
    return Verification(
        size=salvage.size,
        content_size=salvage.content_size,
        frames=salvage.frames,
        events=events,
        blobs=blobs,
        damaged_places=damaged_places,
        lost_events=salvage.lost_events,
        lost_blobs=salvage.lost_blobs,
        closed=salvage.closed,
        ending=describe_ending(salvage, outcome),
    )


def describe_ending(salvage: Salvage, outcome: Outcome | None) -> str:
    """A sentence on how the recording ended, once all of it has been read."""
    if outcome is not None:
        return "The recording is complete." if outcome.complete else outcome.reason
    if not salvage.unfinished:
        return f"The recording was not closed: it ends after byte {salvage.end}, with no trailer."
    return (
        f"The recording was not closed: it ends after byte {salvage.end}, "
        f"with the first {salvage.unfinished} bytes of a frame that was never written to its end."
    )
