"""The C fixtures of tests/programs and its folders, and how the comment that each begins with says to use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A C fixture and one way to compile it.

    Lines of its comment: ``Exit: STATUS`` (default 0; negative for a signal), ``Output: varies`` (from run to run),
    ``Compile: FLAGS`` (once for each way), ``Used by: TEST`` (not a fixture that stands by itself),
    ``Chaos: WHY`` (not under chaos), ``Needs: PTRACE_SETSIGMASK`` (of the kernel, Linux 3.11).
    """

    source: Path
    flags: tuple[str, ...]
    status: int
    output_varies: bool
    stands_by_itself: bool
    bears_chaos: bool
    needs_signal_mask: bool

    def __str__(self) -> str:
        return " ".join((self.source.stem, *self.flags))


SKIPPED = 77
"""What a fixture exits with when this kernel lacks what it is about."""
PROGRAMS = Path(__file__).parent / "programs"
_DIRECTIVE = re.compile(r"^ \* (Exit|Output|Compile|Used by|Chaos|Needs): (.*?) *$", re.MULTILINE)


def read_programs() -> Iterator[Program]:
    """All C fixtures, each as often as it is compiled differently."""
    for source in sorted(PROGRAMS.rglob("*.c")):
        comment = source.read_text().split("*/", 1)[0]
        said = _DIRECTIVE.findall(comment)
        lines = dict(said)
        for flags in [flags for key, flags in said if key == "Compile"] or [""]:
            yield Program(
                source,
                tuple(flags.split()),
                int(lines.get("Exit", 0)),
                lines.get("Output") == "varies",
                "Used by" not in lines,
                "Chaos" not in lines,
                lines.get("Needs") == "PTRACE_SETSIGMASK",
            )
