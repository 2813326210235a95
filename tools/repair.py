"""`redrive repair`: a clean archive of what is whole in a damaged one."""

from __future__ import annotations

from pathlib import Path

import click

from redrive.tools.messages import say


@click.command(short_help="Write a clean archive of what is whole in a damaged one.")
@click.argument("file", metavar="FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write it here; without, beside FILE as NAME-repaired.redrive. A file that is there stays, and is an error.",
)
def repair(file: str, output: Path | None) -> None:
    """Write a new archive of what is whole in FILE, closed, saying how far it reaches and why. FILE is only read.

    It holds the events up to the first that is lost, or that needs file contents which are lost: what comes after
    cannot be replayed. `redrive verify` shows what is damaged and changes nothing.
    """
    from redrive.formats.repair import repair as repair_archive
    from redrive.formats.trace_directory import SUFFIX
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.description import describe_count
    from redrive.tools.work_progress import WorkProgress

    path = find_archive(file)
    target = output or path.with_name(f"{path.name.removesuffix(SUFFIX)}-repaired{SUFFIX}")
    with WorkProgress("read") as progress:
        done = repair_archive(path, target, progress.progressed)
    say(f"{describe_count(done.events, 'event')} and {describe_count(done.blobs, 'blob')} in {target}")
    if done.left_out:
        say(f"left out, as they come after a lost one: {describe_count(done.left_out, 'event')}")
    if not done.outcome.complete:
        say(done.outcome.reason)
    if not done.damaged_places:
        say(f"there was no damage in {path}")
