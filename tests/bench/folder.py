"""The folder that the workloads run in: programs built, input written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
C_PROGRAMS = (
    "bare_loop.c",
    "workloads/one_syscall.c",
    "workloads/ping_pong.c",
    "workloads/compute.c",
    "workloads/threads.c",
    "workloads/profiled.c",
)
SCRIPTS = ("compile.sh", "copy_tree.sh", "true_loop.sh")
GENERATORS = ("c_program.py", "inserts.py", "files.py")


def prepare(folder: Path) -> None:
    """Put everything that the workloads need into `folder`.  Raises CalledProcessError, e.g. where gcc is missing."""
    for source in C_PROGRAMS:
        flags = ("-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
        subprocess.run(["gcc", *flags, "-o", folder / Path(source).stem, HERE / source], check=True)
    for script in SCRIPTS:
        shutil.copy(HERE / "workloads" / script, folder)
    for generator in GENERATORS:
        subprocess.run([sys.executable, HERE / "workloads" / generator], cwd=folder, check=True)
