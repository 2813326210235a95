"""`redrive pack`: a copy of an archive without secrets."""

from __future__ import annotations

import re
from pathlib import Path

import click

from redrive.tools.messages import say


def _patterns(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[re.Pattern[bytes]]:
    try:
        patterns = [re.compile(text.encode(errors="surrogateescape")) for text in texts]
    except re.error as error:
        raise click.BadParameter(f"no regular expression: {error}") from error
    # An unset variable of a shell would be one, and the copy as full of secrets as before.
    empty = next((text for text, pattern in zip(texts, patterns, strict=True) if pattern.search(b"")), None)
    if empty is not None:
        raise click.BadParameter(f"{empty!r} matches the empty string, so it says nothing of a secret")
    return patterns


@click.command(short_help="Copy an archive without its secrets.")
@click.option(
    "--redact",
    "patterns",
    multiple=True,
    required=True,
    callback=_patterns,
    metavar="PATTERN",
    help="What is secret (repeatable): a regular expression; its groups where it has any.",
)
@click.option("--verify/--no-verify", default=True, help="Replay the copy, to see whether it still replays exactly.")
@click.argument("file", metavar="IN")
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
def pack(file: str, output: Path, patterns: list[re.Pattern[bytes]], verify: bool) -> None:
    """Copy an archive, with filler of the same length for each secret in the environment, in what the program read
    and wrote, and in mapped files.

    PATTERN is searched in each line and string: `--redact 'API_KEY=(.*)'`, `--redact 'ghp_[A-Za-z0-9]{36}'`. What it
    finds is replaced wherever it comes again. Where the program has looked into a secret, the copy cannot be replayed
    to its end: that is said, with exit status 3, and the copy can still be read. A secret that was read in pieces, or
    that the program has encoded, is not found.
    """
    from redrive.formats.archive_reader import ArchiveReader
    from redrive.formats.archive_writer import ArchiveWriter
    from redrive.formats.redaction import SHORTEST, Redaction, Redactor
    from redrive.tools.archive_argument import find_archive
    from redrive.tools.description import describe_count
    from redrive.tools.work_progress import WorkProgress

    redaction = Redaction(patterns)
    with ArchiveReader(find_archive(file)) as reader, WorkProgress("packed") as progress:
        redactor = Redactor(reader, redaction, progress.progressed)
        redactor.learn()
        writer = ArchiveWriter(output, redactor.header())
        try:
            redactor.copy(writer)
        except BaseException:
            # Half a copy is of no use to anybody.
            writer.abandon()
            raise
    if redaction.too_short:
        say(f"{len(redaction.too_short)} matches have less than {SHORTEST} bytes, and were left as they are")
    secrets, places = describe_count(redaction.secrets, "secret"), describe_count(redaction.replaced, "place")
    say(f"{secrets} in {places}: filler in {output}" if redaction.replaced else f"nothing is replaced in {output}")
    if verify:
        from redrive.tools.replay_check import check_replay

        check_replay(output)
