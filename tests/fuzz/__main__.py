"""`python -m tests.fuzz SEED COUNT FOLDER`: so many archives changed at random, each read in every way, within limits.

Prints a line of figures.  Ends at the first archive that is not borne, which is left in FOLDER.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from pathlib import Path

from tests.fuzz.every_reader import read_in_every_way
from tests.fuzz.mutations import mutate

TESTS = Path(__file__).parents[1]
ADDRESS_SPACE = 1 << 30
MEMORY = 500_000_000
"""Bytes in memory at most, at any time."""
SECONDS = 10 * float(os.environ.get("REDRIVE_TEST_DEADLINE_FACTOR", "1"))
"""Of the CPU, for all that is done with one archive; the factor is for CPUs that are emulated."""


def corpus() -> list[bytes]:
    """The archives that mutations start from, the smallest first."""
    paths = [*(TESTS / "fuzz" / "corpus").glob("*.redrive"), *(TESTS / "golden").glob("*.redrive")]
    return sorted((path.read_bytes() for path in sorted(paths)), key=len)


def main(seed: int, count: int, folder: Path) -> None:
    """Raises what an archive brings forth that is not borne."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    choice = random.Random(seed)
    archives = corpus()
    # The golden ones are twenty times as large, so they take a smaller part.
    weights = [10 if len(archive) < 10_000 else 1 for archive in archives]
    path = folder / f"changed-{seed}.redrive"
    whole, longest = 0, 0.0
    for _ in range(count):
        data = mutate(choice.choices(archives, weights)[0], archives, choice)
        path.write_bytes(data)
        began = time.process_time()
        whole += read_in_every_way(path)
        took = time.process_time() - began
        longest = max(longest, took)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        if took > SECONDS or peak > MEMORY:
            raise AssertionError(f"{path} took {took:.1f} s of the CPU, and {peak} bytes of memory were in use")
        path.unlink()
    print(f"{count} changed archives, {whole} of them whole; at most {longest:.2f} s and {peak >> 20} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
