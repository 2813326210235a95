"""What `info`, `ps` and `ls` show, as JSON: one document, for programs.

Texts of the program (arguments, paths, variables) are strings in which a byte that is no UTF-8 is a lone surrogate
(os.fsdecode), as in redrive.tools.event_json; sizes are bytes, times seconds since 1970, statuses
as wait(2) has them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.errors import ArchiveError
from redrive.tools.process_tree import Process
from redrive.tools.wait_status import describe


def document(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def info_json(path: Path, archive: ArchiveReader, *, environment: bool) -> dict[str, Any]:
    """The header's fields (docs/format.md), the environment only when asked for, and how far the archive reaches.

    ``outcome`` is null where the recording was cut off.
    """
    header = archive.header
    texts = {"command": _texts(header.command), "working_directory": os.fsdecode(header.working_directory)}
    fields = {**header._asdict(), **texts, "cpu": _cpu(header.cpu), "start_time": _number(header.start_time)}
    if environment:
        fields["environment"] = _texts(header.environment)
    else:
        del fields["environment"]
    outcome = archive.outcome
    return {
        "archive": os.fsdecode(path),
        "size": path.stat().st_size,
        "header": fields,
        "outcome": None if outcome is None else {**outcome._asdict(), "end_time": _number(outcome.end_time)},
        "completeness": archive.completeness._asdict(),
        "end": _end(None if outcome is None else outcome.exit_status),
    }


def ps_json(processes: Iterable[Process]) -> list[dict[str, Any]]:
    """One object for each process, each parent before its children.  ``wait_status`` is null where it was not seen."""
    return [
        {
            "pid": process.pid,
            "parent": process.parent,
            "wait_status": process.wait_status,
            "end": _end(process.wait_status),
            "arguments": _texts(process.arguments),
        }
        for process in processes
    ]


def ls_json(archives: Iterable[tuple[Path, int]]) -> list[dict[str, Any]]:
    """One object for each archive and its size, oldest first.  One that cannot be read has an ``error`` instead."""
    return [_listed(path, size) for path, size in archives]


def _listed(path: Path, size: int) -> dict[str, Any]:
    fields = {"name": os.fsdecode(path.stem), "archive": os.fsdecode(path), "size": size}
    try:
        with ArchiveReader(path) as archive:
            status = archive.outcome.exit_status if archive.outcome else None
            return {
                **fields,
                "start_time": _number(archive.header.start_time),
                "complete": archive.completeness.complete,
                "events": archive.completeness.event_count,
                "wait_status": status,
                "end": _end(status),
                "command": _texts(archive.header.command),
                "error": None,
            }
    except ArchiveError as error:
        return {**fields, "error": str(error)}


def _texts(texts: Iterable[bytes]) -> list[str]:
    return [os.fsdecode(text) for text in texts]


def _cpu(cpu: Any) -> dict[str, Any]:
    return {**cpu._asdict(), "cpuid": [leaf._asdict() for leaf in cpu.cpuid]}


def _end(status: int | None) -> str | None:
    return None if status is None else describe(status)


def _number(seconds: float) -> float | None:
    """A stranger's archive may say that it was made at infinity, for which JSON has no word."""
    return seconds if math.isfinite(seconds) else None
