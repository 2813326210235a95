"""What tests/kernels/pairs does on each kernel: record its three jobs, or replay the archives of all kernels.

pair_jobs.py record KERNEL ARCHIVES [OPTION]...   records into ARCHIVES/KERNEL.JOB.redrive with those options
pair_jobs.py replay KERNEL ARCHIVES               replays all of ARCHIVES into ARCHIVES/KERNEL.results.json
pair_jobs.py table ARCHIVES                       prints the pairs of all results; exits with 1 unless all are exact.
What a failed replay said is in the results whole, and in its first line under the table.

$REDRIVE names the command (redrive).  Nothing beyond the standard library, as it also runs in the guests.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

REDRIVE = shlex.split(os.environ.get("REDRIVE", "redrive"))

PIPELINE = """
trap 'echo left' EXIT
seq 1 3000 | sort -rn | grep 7 | { while read -r n; do sum=$((sum + n)); done; echo "sum $sum"; }
cat <<TEXT | tr a-z A-Z
here is a document of process $$ at $(date +%s)
TEXT
for i in 1 2 3 4 5 6 7 8; do (echo "subshell $i"; exit $i) & done
wait
"""

C_PROGRAM = """
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { printf("%s %g\\n", argv[0], sqrt(argc)); return 0; }
"""

PYTHON_PROGRAM = """
import asyncio, hashlib, json, os, random, sqlite3, subprocess, time
base = sqlite3.connect(":memory:")
base.execute("create table t(a, b)")
base.executemany("insert into t values (?, ?)", [(i, random.random()) for i in range(100)])
print(json.dumps(base.execute("select count(*), sum(b) from t").fetchone()), os.getpid(), time.time())
print(subprocess.run(["uname", "-r"], capture_output=True, text=True).stdout, hashlib.sha256(os.urandom(9)).hexdigest())
asyncio.run(asyncio.sleep(0.01))
"""

JOBS = {
    "pipeline": ["bash", "-c", PIPELINE],
    "compile": ["sh", "-c", "gcc -O2 -o program program.c -lm && ./program one two"],
    "python": ["python3", "-c", PYTHON_PROGRAM],
}


def last_words(ended: subprocess.CompletedProcess[bytes]) -> str:
    """How a command ended: its status and what it said, whole."""
    return f"status {ended.returncode}: {ended.stderr.decode(errors='replace').strip()}"


def headline(words: str) -> str:
    """The line that says most: Redrive's own, or the last of a traceback."""
    lines = words.splitlines()
    return next((line for line in lines if "redrive: " in line), lines[-1])


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs a command with its output kept; one that takes ten minutes hangs."""
    try:
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, b"", b"no end after 600 s")


def record(kernel: str, archives: Path, options: list[str]) -> None:
    """Records the jobs; beside each archive, NAME.stdout has what the job wrote and NAME.failed why there is none."""
    for job, command in JOBS.items():
        name = f"{kernel}.{job}"
        archive = archives / f"{name}.redrive"
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "program.c").write_text(C_PROGRAM)
            ended = run([*REDRIVE, "record", *options, "-o", str(archive), "--", *command], Path(folder))
        Path(archives, f"{name}.stdout").write_bytes(ended.stdout)
        if ended.returncode or not archive.exists():
            Path(archives, f"{name}.failed").write_text(last_words(ended))


def replay_one(archive: Path) -> str:
    """`exact`, or what came instead."""
    with tempfile.TemporaryDirectory() as folder:
        ended = run([*REDRIVE, "replay", str(archive)], Path(folder))
    if ended.returncode:
        return last_words(ended)
    return "exact" if ended.stdout == archive.with_suffix(".stdout").read_bytes() else "stdout differs"


def replay(kernel: str, archives: Path) -> None:
    """Replays every archive."""
    results = {archive.stem: replay_one(archive) for archive in sorted(archives.glob("*.redrive"))}
    Path(archives, f"{kernel}.results.json").write_text(json.dumps(results, indent=1))


def table(archives: Path) -> bool:
    """Prints one line per recording and one column per kernel that replayed; True when all pairs are exact."""
    results = {path.name.removesuffix(".results.json"): path for path in sorted(archives.glob("*.results.json"))}
    outcomes = {kernel: json.loads(path.read_text()) for kernel, path in results.items()}
    notes: list[str] = []
    print(f"{'recorded on':12} {'job':10}" + "".join(f"{'on ' + kernel:>10}" for kernel in outcomes))
    for recorder in outcomes:
        for job in JOBS:
            name = f"{recorder}.{job}"
            failed = archives / f"{name}.failed"
            words = {kernel: outcome.get(name, "no archive") for kernel, outcome in outcomes.items()}
            # The replay of what a failed recording left may well be exact, and says nothing.
            if failed.exists():
                words = dict.fromkeys(words, f"not recorded: {headline(failed.read_text())}")
            cells = ["exact" if word == "exact" else "FAILED" for word in words.values()]
            notes += [f"{name} on {kernel}: {headline(word)}" for kernel, word in words.items() if word != "exact"]
            print(f"{recorder:12} {job:10}" + "".join(f"{cell:>10}" for cell in cells))
    print(*notes, sep="\n")
    return not notes


def main(arguments: list[str]) -> int:
    """Exit status."""
    match arguments:
        case ["record", kernel, archives, *options]:
            record(kernel, Path(archives).resolve(), options)
        case ["replay", kernel, archives]:
            replay(kernel, Path(archives).resolve())
        case ["table", archives]:
            return 0 if table(Path(archives)) else 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
