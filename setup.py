"""What setup.cfg cannot say: the native module, and what a machine needs to build it."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import sysconfig

from setuptools import setup


def missing_for_native_build() -> str | None:
    """What keeps the native module from being built, as one sentence; None when nothing does."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"Redrive needs the C compiler `{compiler}` to be installed (Debian, Ubuntu: apt-get install gcc)."
    header = pathlib.Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        return f"Redrive needs {header} to be installed (Debian, Ubuntu: apt-get install python3-dev)."
    return None


sentence = missing_for_native_build()
if sentence is not None:
    sys.exit(sentence)

setup(cffi_modules=["tracee/native_build.py:ffibuilder"])
