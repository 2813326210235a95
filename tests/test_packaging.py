"""What users install: the wheel, the editable install, and what they are told when it cannot be built."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("formats", "tracee", "recorder", "replayer", "tools")
PROGRAM = (
    "import importlib, importlib.util;"
    "from redrive.tracee import _native;"
    "from redrive.tracee.syscalls import name_of;"
    "print(_native.__file__);"
    "print(name_of(0));"
    "print([name for name in ('formats', 'tracee', 'recorder', 'replayer', 'tools') if importlib.util.find_spec(name)])"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler"),
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="there is no pip"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is installed, so that building leaves nothing in the work tree."""
    copy = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment that has Redrive's dependencies and not Redrive."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    # A .pth file that is reached through another is not read, so an editable Redrive of ours stays outside.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder


def without_other_redrive() -> dict[str, str]:
    """The process's environment, but for what makes a Redrive be found elsewhere."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def pip(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter's pip without network or build isolation."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    return subprocess.run(command, env=without_other_redrive() | variables, capture_output=True, text=True, timeout=300)


def in_environment(environment: Path, *command: str) -> str:
    """What a command of the environment prints, run from another folder than Redrive's."""
    path = [str(environment / "bin" / command[0]), *command[1:]]
    ended = subprocess.run(path, env=without_other_redrive(), cwd="/", capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def assert_works(environment: Path, inside: Path) -> None:
    """Redrive can be imported there under its one name, its native module is below ``inside``, its command runs."""
    native, read, colliding = in_environment(environment, "python", "-c", PROGRAM).splitlines()
    assert Path(native).is_relative_to(inside)
    assert read == "read"
    assert colliding == "[]"
    assert in_environment(environment, "redrive", "--version") == "redrive 0.1.0\n"


def test_wheel(source: Path, environment: Path, tmp_path: Path) -> None:
    built = pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = tmp_path.glob("redrive-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"redrive"}
    assert "redrive/__init__.py" not in names
    assert {f"redrive/{folder}/py.typed" for folder in FOLDERS} <= set(names)
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        assert f"redrive/{path.relative_to(ROOT)}" in names
    for path in (ROOT / "tracee").glob("*.[ch]"):
        assert f"redrive/tracee/{path.name}" in names

    installed = pip("--python", environment / "bin/python", "install", "--no-deps", "--no-index", wheel)
    assert installed.returncode == 0, installed.stderr
    assert_works(environment, environment)


def test_editable_install(source: Path, environment: Path) -> None:
    strict = ("--config-settings", "editable_mode=strict")
    installed = pip(
        "--python", environment / "bin/python", "install", "--no-deps", "--no-build-isolation", *strict, "-e", source
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert_works(environment, source)
    where = in_environment(environment, "python", "-c", "import redrive.tools as it; print(it.__file__)").strip()
    assert Path(where).resolve() == source / "tools" / "__init__.py"


def test_a_missing_compiler_is_a_sentence(source: Path, tmp_path: Path) -> None:
    failed = pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source, CC="no-such-compiler")
    assert failed.returncode != 0
    said = failed.stdout + failed.stderr
    assert "Redrive needs the C compiler `no-such-compiler` to be installed" in said
    assert "Traceback" not in said
    assert re.search(r"\[1 lines? of output\]", said), said


def test_a_missing_header_is_a_sentence(source: Path) -> None:
    program = "import runpy, sysconfig; sysconfig.get_path = lambda name: '/nowhere'; runpy.run_path('setup.py')"
    failed = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, timeout=60)
    assert failed.returncode == 1
    [sentence] = failed.stderr.splitlines()
    assert sentence.startswith("Redrive needs /nowhere/Python.h to be installed")
    assert "apt-get install python3-dev" in sentence
