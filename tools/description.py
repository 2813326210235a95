"""An archive in a dozen lines: what `redrive info` shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.header import CpuIdentification, Header, Setting
from redrive.formats.outcome import Outcome
from redrive.tools.escaping import escape, escape_bytes, escape_command
from redrive.tools.wait_status import describe


def describe_archive(path: Path, archive: ArchiveReader) -> Iterator[tuple[str, str]]:
    """(subject, text) pairs, each text one printable line."""
    header, outcome, completeness = archive.header, archive.outcome, archive.completeness
    yield "archive", f"{escape(str(path))}, {describe_size(path.stat().st_size)}"
    yield "command", escape_command(header.command)
    yield "directory", escape_bytes(header.working_directory)
    yield "holds", escape(", ".join(describe_contents(header, outcome)))
    yield "started", describe_time(header.start_time)
    duration = f", after {describe_duration(outcome.end_time - header.start_time)}" if outcome else ""
    yield "ended", describe_end(archive) + duration
    yield "trace", escape(completeness.reason)
    yield "events", str(completeness.event_count)
    yield "redrive", escape(f"{header.redrive_version}, format {header.format_version}")
    yield "kernel", escape(f"{header.kernel_release} {header.kernel_version}, {header.machine}, regime {header.regime}")
    yield "cpu", escape(describe_cpu(header.cpu))
    yield from (
        (subject, escape(describe_settings(settings)))
        for subject, settings in (("features", header.features), ("options", header.options))
        if settings
    )


_CONTENTS = {
    "files_opened": "what it read of files (opened: {})",
    "network_sockets": "what came over the network (sockets: {})",
    "terminal_input": "what was typed",
}
"""By the names of an outcome's summary."""


def describe_contents(header: Header, outcome: Outcome | None) -> Iterator[str]:
    """What somebody should know who is about to share the archive."""
    yield describe_count(len(header.environment), "environment variable")
    yield "the program and its libraries"
    if outcome is None or not outcome.summary:
        # Nobody has counted: the recorder was killed or had no room, or it is an older one's archive.
        yield "and what the program read: from files, terminals and networks"
        return
    for name, count in outcome.summary.items():
        if count:
            yield _CONTENTS[name].format(count) if name in _CONTENTS else f"{name} {count}"


def describe_end(archive: ArchiveReader) -> str:
    """How the recorded command ended, as far as the archive knows."""
    outcome = archive.outcome
    if outcome is None:
        return "recording was cut off"
    return "not ended" if outcome.exit_status is None else describe(outcome.exit_status)


def describe_size(size: int) -> str:
    """Bytes as people count them: `417 bytes`, `1.3 MB`."""
    if size < 1000:
        return f"{size} bytes"
    for power, unit in enumerate(("kB", "MB", "GB"), start=1):
        if size < 999.95 * 1000**power:
            return f"{size / 1000**power:.1f} {unit}"
    return f"{size / 1000**4:.1f} TB"


def describe_duration(seconds: float) -> str:
    """`1.50 s`, `2 min 05 s`, `3 h 07 min`; what is no duration (a stranger made the archive) as the number it is."""
    if not 60 <= seconds < 1e9:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"


def describe_count(number: int, thing: str) -> str:
    """`1 event`, `2 events`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def describe_time(seconds: float) -> str:
    """A time since 1970, in UTC; out of range (a stranger made the archive) as the number it is."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s since 1970"


def describe_cpu(cpu: CpuIdentification) -> str:
    """The processor's name and its makers' numbers."""
    return f"{cpu.brand or cpu.vendor}, family {cpu.family} model {cpu.model} stepping {cpu.stepping}"


def describe_settings(settings: Mapping[str, Setting]) -> str:
    """`sysemu yes, cpuid faulting no, xstate size 2696`."""
    words = {True: "yes", False: "no"}
    return ", ".join(
        f"{name.replace('_', ' ')} {words[value] if isinstance(value, bool) else value}"
        for name, value in settings.items()
    )
