"""Builds redrive.tracee._native with cffi in API mode; named by setup.py's cffi_modules."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

FOLDER = Path(__file__).resolve().parent

ffibuilder = FFI()
ffibuilder.cdef((FOLDER / "step.h").read_text())
ffibuilder.set_source(
    "redrive.tracee._native",
    '#include "step_includes.h"',
    # Relative, as setuptools wants sources relative to setup.py.
    sources=["tracee/step.c"],
    include_dirs=["tracee"],
    depends=["tracee/step.h", "tracee/step_includes.h"],
    extra_compile_args=["-std=gnu11", "-Wall", "-Wextra"],
)
