"""Builds redrive.tracee._native with cffi in API mode; named by setup.py's cffi_modules."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

# Relative, as setuptools wants sources relative to setup.py.
NATIVE = Path("tracee/native")
TOP = Path(__file__).resolve().parent.parent

ffibuilder = FFI()
# In the order of native.h.
for header in ("task_state.h", "tracee_memory.h", "spawn_tracee.h", "step.h", "stub_code.h", "tracer.h"):
    ffibuilder.cdef((TOP / NATIVE / header).read_text())
ffibuilder.set_source(
    "redrive.tracee._native",
    '#include "native.h"',
    sources=sorted(str(source.relative_to(TOP)) for source in (TOP / NATIVE).glob("*.c")),
    include_dirs=[str(NATIVE)],
    depends=sorted(str(header.relative_to(TOP)) for header in (TOP / NATIVE).glob("*.h")),
    extra_compile_args=["-std=gnu11", "-Wall", "-Wextra"],
)
