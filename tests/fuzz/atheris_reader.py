"""A fuzzer led by coverage: `python -m tests.fuzz.atheris_reader CORPUS... [-max_total_time=3600]`, see README.md."""

from __future__ import annotations

import importlib
import random
import sys
import tempfile
from pathlib import Path

import atheris

LOADED_LATE = {
    "formats": ("archive_reader", "followed_archive", "salvage", "verification", "repair", "archive_writer"),
    "tools": ("info", "ps", "dump", "verify", "repair", "event_text", "event_json", "description", "process_tree"),
}
"""Modules that commands import when they run, which would not be instrumented then."""

with atheris.instrument_imports(include=["redrive.formats", "redrive.tools"]):
    for folder, names in LOADED_LATE.items():
        for name in names:
            importlib.import_module(f"redrive.{folder}.{name}")
    from tests.fuzz.__main__ import corpus
    from tests.fuzz.every_reader import read_in_every_way
    from tests.fuzz.mutations import mutate

MAXIMUM_SIZE = 1 << 16
ARCHIVES = corpus()
FOLDER = tempfile.TemporaryDirectory(prefix="redrive-fuzz-")
PATH = Path(FOLDER.name) / "changed.redrive"


def read(data: bytes) -> None:
    """One archive; what is raised is a mistake of a reader's."""
    PATH.write_bytes(data)
    read_in_every_way(PATH)


def change(data: bytes, maximum: int, seed: int) -> bytes:
    """libFuzzer's own mutations cannot get past the checksums."""
    return mutate(data, ARCHIVES, random.Random(seed))[:maximum]


if __name__ == "__main__":
    atheris.Setup([*sys.argv, f"-max_len={MAXIMUM_SIZE}", "-rss_limit_mb=500"], read, custom_mutator=change)
    atheris.Fuzz()
