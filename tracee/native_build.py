"""Builds redrive.tracee._native with cffi in API mode; named by setup.py's cffi_modules."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

FOLDER = Path(__file__).resolve().parent

ffibuilder = FFI()
for header in ("step.h", "stub_code.h"):
    ffibuilder.cdef((FOLDER / header).read_text())
ffibuilder.set_source(
    "redrive.tracee._native",
    '#include "step_includes.h"\n#include "stub_code.h"',
    # Relative, as setuptools wants sources relative to setup.py.
    sources=[
        "tracee/step.c",
        "tracee/shared_cpuid.c",
        "tracee/stop_log.c",
        "tracee/stub_code.c",
        "tracee/thread_identity.c",
    ],
    include_dirs=["tracee"],
    depends=["tracee/step.h", "tracee/step_includes.h", "tracee/stop_log.h", "tracee/stub_code.h"],
    extra_compile_args=["-std=gnu11", "-Wall", "-Wextra"],
)
