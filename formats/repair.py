"""A clean archive of what is whole in a damaged one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.errors import DamagedArchive
from redrive.formats.events import Event
from redrive.formats.frames import FORMAT_VERSION
from redrive.formats.header import Header
from redrive.formats.outcome import Outcome, Trailer
from redrive.formats.progress import Progressed, nobody_watches
from redrive.formats.salvage import Damage, Found, NumberedEvent, Salvage, WholeBlob, named_blobs
from redrive.formats.verification import describe_ending

_DAMAGES_NAMED = 3


class Repair(NamedTuple):
    """What a repair wrote: ``events`` and ``blobs``, and the outcome that it gave the new archive.

    ``damaged_places`` were met; ``left_out`` events are whole but come after a lost one, so they cannot be replayed.
    """

    events: int
    blobs: int
    damaged_places: int
    left_out: int
    outcome: Outcome


def repair(source: Path, target: Path, progressed: Progressed = nobody_watches) -> Repair:
    """Writes a new archive of the events up to the first loss and of the blobs that are whole.

    ``progressed`` is told how many bytes of how many have been read.

    ``source`` stays as it is.  A loss is an event that is not whole, or one that needs a blob which is not.  Where
    nothing is lost, the outcome stays what it was.  Raises ArchiveError when the source cannot be read or has no whole
    header, ArchiveExists when there is a file at ``target``, ArchiveError when that cannot be written; nothing is left
    there then.
    """
    with Salvage(source) as salvage:
        found = salvage.found()
        header = next(found, None)
        if not isinstance(header, Header):
            what = header.what if isinstance(header, Damage) else "there is none"
            raise DamagedArchive(f"{source} cannot be repaired without its header: {what}")
        writer = ArchiveWriter(target, header._replace(format_version=FORMAT_VERSION))
        try:
            copy = _Copy(writer)
            for one in found:
                progressed(salvage.end, salvage.size)
                copy.take(one)
            return copy.finish(salvage)
        except BaseException:
            writer.abandon()
            raise


class _Copy:
    """Takes what a salvage finds, and hands what is whole to a writer."""

    def __init__(self, writer: ArchiveWriter) -> None:
        self._writer = writer
        self._blobs = 0
        self._damaged_places = 0
        self._recent: list[str] = []
        """The first damages since the last event that was written, a bounded number of them."""
        self._loss: str | None = None
        """Why the events that come now cannot be replayed."""
        self._left_out = 0
        self._trailer: Trailer | None = None

    def take(self, found: Found) -> None:
        """One thing after the other, in the order of the file."""
        if isinstance(found, NumberedEvent):
            self._take_event(found.number, found.event)
        elif isinstance(found, WholeBlob):
            self._writer.add_blob(found.content)
            self._blobs += 1
        elif isinstance(found, Trailer):
            self._trailer = found
        elif isinstance(found, Damage):
            self._damaged_places += 1
            if len(self._recent) < _DAMAGES_NAMED:
                self._recent.append(found.what)

    def _take_event(self, number: int, event: Event) -> None:
        whole = number == self._writer.next_number and all(map(self._writer.has_blob, named_blobs(event)))
        if self._loss is None and not whole:
            self._loss = "; ".join(self._recent)
        if self._loss is not None:
            self._left_out += 1
            return
        self._writer.write(event)
        self._recent.clear()

    def finish(self, salvage: Salvage) -> Repair:
        """Closes the new archive, once the salvage is at its end."""
        outcome = self._outcome(salvage)
        events = self._writer.next_number
        self._writer.close(outcome)
        return Repair(events, self._blobs, self._damaged_places, self._left_out, outcome)

    def _outcome(self, salvage: Salvage) -> Outcome:
        count = self._writer.next_number
        if self._trailer is None:
            known = Outcome(False, "", salvage.path.stat().st_mtime, None, {})
        else:
            known = self._trailer.outcome
            if self._loss is None and self._trailer.event_count == count:
                return known
        why = self._loss or "; ".join(self._recent)
        if not why:
            return known._replace(complete=False, reason=describe_ending(salvage, None))
        return known._replace(complete=False, reason=f"From event {count} on it was lost: {why}.")
