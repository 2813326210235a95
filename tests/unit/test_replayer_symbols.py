"""Finding the symbol near a place in an ELF file, whole or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from redrive.replayer.symbols import nearest_symbol

SOURCE = """
int first(int x) { return x * 3; }
int second(int x) { return first(x) + 5; }
int main(void) { return second(4); }
"""


def _offset_of(program: Path, name: str) -> int:
    """By nm and readelf: the address of a function as an offset in the file."""
    lines = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()
    address = next(int(line.split()[0], 16) for line in lines if line.endswith(f" T {name}"))
    text = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        fields = line.split()
        if fields[:1] == ["LOAD"]:
            offset, start, size = (int(fields[index], 16) for index in (1, 2, 4))
            if start <= address < start + size:
                return address - start + offset
    raise AssertionError(name)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("symbols")
    (folder / "program.c").write_text(SOURCE)
    compiler = shutil.which("gcc") or "cc"
    subprocess.run([compiler, "-O0", "-o", folder / "program", folder / "program.c"], check=True)
    return folder / "program"


@pytest.mark.parametrize("name", ["first", "second", "main"])
def test_the_function_a_place_is_in(program: Path, name: str) -> None:
    with program.open("rb") as file:
        symbol = nearest_symbol(file.fileno(), _offset_of(program, name) + 4)
    assert symbol == (name, 4)


def test_what_is_no_program_has_no_symbols(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program" * 100)
    with (tmp_path / "text").open("rb") as file:
        assert nearest_symbol(file.fileno(), 100) is None


def test_a_broken_program_is_never_an_error(program: Path, tmp_path: Path) -> None:
    whole = program.read_bytes()
    place = _offset_of(program, "main")
    descriptor = os.open(tmp_path / "broken", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Every byte of the ELF header, and of the section table that it points at.
        table = int.from_bytes(whole[40:48], "little")
        for position in (*range(64), *range(table, min(table + 64 * 40, len(whole)))):
            os.pwrite(descriptor, whole, 0)
            os.pwrite(descriptor, bytes([whole[position] ^ 0xFF]), position)
            found = nearest_symbol(descriptor, place)
            assert found is None or isinstance(found.name, str)
    finally:
        os.close(descriptor)
