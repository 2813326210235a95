"""`redrive verify`: whether every byte of an archive is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from redrive.tools.archive_argument import archive_argument

if TYPE_CHECKING:
    from redrive.formats.salvage import Damage
    from redrive.formats.verification import Verification


@click.command(short_help="Check every byte of an archive.")
@archive_argument
@click.pass_context
def verify(ctx: click.Context, file: str | None) -> None:
    """Read all of an archive against its checksums, digests and counts, and decode every event. Nothing is executed.

    Each damaged place is a line with its offset; behind it the check goes on, so that it is known what is lost.

    Exits with 0 when everything is whole, with 1 when not. An archive that was not closed, as its recorder was
    killed or is still at work, but is whole up to its end, counts as whole: all that the recorder wrote is there, and
    it replays to where it ends. (A copy that was cut short looks the same: `ended` tells how far it reaches.)
    """
    from redrive.formats.verification import verify as verify_archive
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.escaping import escape
    from redrive.tools.failures import ExitStatus
    from redrive.tools.work_progress import WorkProgress

    path = find_archive(file)
    with WorkProgress("checked") as progress:

        def report(damage: Damage) -> None:
            progress.clear()
            click.echo(escape(f"{path}: {damage.what}"))

        found = verify_archive(path, report, progress.progressed)
    for subject, text in _lines(found):
        click.echo(f"{subject:<12} {text}")
    if found.damaged_places:
        ctx.exit(ExitStatus.FAILURE)


def _lines(found: Verification) -> list[tuple[str, str]]:
    from redrive.tools.description import describe_count, describe_size
    from redrive.tools.escaping import escape

    size = f"{describe_size(found.size)}, {describe_size(found.content_size)} before compression"
    lines = [
        ("frames", f"{found.frames}, {size}"),
        ("events", str(found.events)),
        ("blobs", str(found.blobs)),
        ("ended", escape(found.ending)),
    ]
    if not found.damaged_places:
        return [*lines, ("verdict", "whole" if found.closed else "whole, but not closed")]
    lost = f"{describe_count(found.lost_events, 'event')} and {describe_count(found.lost_blobs, 'blob')} at least"
    return [*lines, ("lost", lost), ("verdict", f"damaged in {describe_count(found.damaged_places, 'place')}")]
