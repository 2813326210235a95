"""Where cpuid is found in a file's code, and where its bytes are something else."""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from redrive.formats.cache_folder import ENTRY_OVERHEAD
from redrive.recorder.planted_traps import DecodedSites
from redrive.tracee import cpuid_sites
from redrive.tracee.cpuid_sites import Function
from redrive.tracee.elf_file import ElfFile, FunctionTable

CODE = """
#include <cpuid.h>

int immediate(int x) { return x + 0x1234a20f; }

unsigned compiled(void)
{
    unsigned a, b, c, d;
    __cpuid(7, a, b, c, d);
    return a + b + c + d;
}

asm(".text; .type written, @function; written: .cfi_startproc; push %rbx; movl $0xa20f0fa2, %ecx; xor %eax, %eax;"
    "cpuid; .byte 0xb8, 0x00, 0x0f, 0xa2, 0x00; pop %rbx; ret; .cfi_endproc; .size written, .-written;"
    ".type inline, @function; inline: .cfi_startproc; jmp 1f;"
    "within: .quad 0xa20fa20fa20fa20f; .quad 0xa20fa20fa20fa20f;"
    "1: xor %eax, %eax; ret; .cfi_endproc; .size inline, .-inline;"
    "table: .quad 0xa20fa20fa20fa20f; .quad 0xa20fa20fa20fa20f");
extern unsigned written(void);

int main(int argc, char **argv) { return (int)(compiled() + written()) + immediate(argc) == 0; }
"""
FORMS = {
    "dynamic": (),
    "static, no search table": ("-static", "-Wl,--no-eh-frame-hdr"),
    "static": ("-static",),
    "code in the headers' segment": ("-Wl,-z,noseparate-code",),
    "position dependent": ("-no-pie",),
}


def compile_code(folder: Path, *flags: str) -> Path:
    """The program above."""
    (folder / "code.c").write_text(CODE)
    program = folder / "code"
    subprocess.run(["gcc", "-O1", *flags, "-o", program, folder / "code.c"], check=True)
    return program


def find(program: Path) -> tuple[int, ...]:
    """The offsets found, in order."""
    descriptor = os.open(program, os.O_RDONLY)
    try:
        return tuple(sorted(cpuid_sites.decode(cpuid_sites.find_functions(descriptor))))
    finally:
        os.close(descriptor)


def disassembled(program: Path) -> tuple[int, ...]:
    """What objdump, which goes by symbols and sections, takes for cpuid: offsets in the file, in order."""
    text = subprocess.run(["objdump", "-d", "-F", program], check=True, capture_output=True, text=True).stdout
    distance, found = 0, set()
    for line in text.splitlines():
        if heading := re.fullmatch(r"([0-9a-f]+) <.*> \(File Offset: (0x[0-9a-f]+)\):", line):
            distance = int(heading[1], 16) - int(heading[2], 16)
        elif line.endswith("\tcpuid"):
            found.add(int(line.split(":")[0], 16) - distance)
    return tuple(sorted(found))


@pytest.mark.parametrize("flags", FORMS.values(), ids=FORMS)
def test_found_where_a_disassembler_sees_it(tmp_path: Path, flags: tuple[str, ...]) -> None:
    program = compile_code(tmp_path, *flags)
    expected = disassembled(program)
    subprocess.run(["strip", program], check=True)
    found = find(program)
    assert len(found) >= 2
    assert set(found) <= set(expected)
    # Beyond these, objdump takes two tables for code, one within a function and one behind it.
    tables = [match.span() for match in re.finditer(rb"(\x0f\xa2){8}", program.read_bytes())]
    assert len(tables) == 2
    assert set(expected) - set(found) == {offset for table in tables for offset in range(*table, 2)}


def test_the_loader_of_this_machine() -> None:
    loader = next(
        path for path in (Path("/lib64/ld-linux-x86-64.so.2"), Path("/lib/ld-musl-x86_64.so.1")) if path.exists()
    )
    assert find(loader) == disassembled(loader)


def test_what_is_no_elf_file_has_none(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"#!/bin/sh\n\x0f\xa2")
    assert find(script) == ()
    script.write_bytes(b"")
    assert find(script) == ()


def test_damaged_files_have_none_or_some(tmp_path: Path) -> None:
    whole = compile_code(tmp_path, "-s").read_bytes()
    damaged = tmp_path / "damaged"
    random.seed(1)
    for _ in range(300):
        data = bytearray(whole[: random.choice((len(whole), random.randrange(len(whole))))])
        for _ in range(random.randrange(8)):
            # Mostly in the headers, where every byte counts.
            where = random.randrange(random.choice((64, 1024, len(whole))))
            data[where : where + 1] = bytes((random.choice((0, 1, 0x7F, 0xFF, random.randrange(256))),))
        damaged.write_bytes(data)
        assert all(data[offset : offset + 2] == b"\x0f\xa2" for offset in find(damaged))


def test_a_segment_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    data = bytearray(compile_code(tmp_path, "-s").read_bytes())
    headers = int.from_bytes(data[32:40], "little")
    for place in range(headers, headers + 56 * 8, 56):
        data[place + 32 : place + 40] = (1 << 40).to_bytes(8, "little")
    broken = tmp_path / "broken"
    broken.write_bytes(data)
    assert find(broken) == ()


def test_code_full_of_the_two_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = []
    monkeypatch.setattr(FunctionTable, "find", lambda table, address: looked_up.append(address))
    (tmp_path / "full.s").write_text(".globl _start; _start: ret; .fill 4000000, 2, 0xa20f")
    program = tmp_path / "full"
    subprocess.run(["gcc", "-nostdlib", "-static", "-o", program, tmp_path / "full.s"], check=True)
    assert find(program) == ()
    assert 0 < len(looked_up) < 10_000


def test_a_function_that_no_segment_has(tmp_path: Path) -> None:
    """Its search table says that code before the first segment reaches to the end of all."""
    program = compile_code(tmp_path)
    data = bytearray(program.read_bytes())
    headers = int.from_bytes(data[32:40], "little")
    kinds = {int.from_bytes(data[at : at + 4], "little"): at for at in range(headers, headers + 56 * data[56], 56)}
    table = int.from_bytes(data[kinds[0x6474E550] + 8 :][:8], "little")
    count = int.from_bytes(data[table + 8 : table + 12], "little")
    for entry in range(table + 12, table + 12 + 8 * count, 8):
        start, description = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (entry, entry + 4))
        moved = -0x100000
        data[entry : entry + 4] = (start + moved).to_bytes(4, "little", signed=True)
        place = table + description + 8
        distance = int.from_bytes(data[place : place + 4], "little", signed=True)
        data[place : place + 4] = (distance + moved).to_bytes(4, "little", signed=True)
        data[place + 4 : place + 8] = (0x200000).to_bytes(4, "little")
    program.write_bytes(data)
    assert find(program) == ()


def test_pieces_of_code_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile_code(tmp_path)
    whole = find(program)
    for length in (1, 2, 3, 7):
        monkeypatch.setattr("redrive.tracee.elf_file._PIECE", length)
        assert find(program) == whole


class TestDecodedSites:
    CODE = b"\x90\x0f\xa2\xb8\x0f\xa2\0\0\xc3"

    @pytest.fixture
    def functions(self) -> list[Function]:
        return [Function(100, self.CODE), Function(200, self.CODE)]

    def test_decoded_once(self, tmp_path: Path, functions: list[Function], monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "redrive" / "cpuid"
        assert DecodedSites(folder).get(functions) == (101, 201)
        monkeypatch.setattr("redrive.recorder.planted_traps.decode", None)
        assert DecodedSites(folder).get(functions) == (101, 201)

    def test_other_code_is_another_entry(self, tmp_path: Path, functions: list[Function]) -> None:
        sites = DecodedSites(tmp_path)
        assert sites.get(functions) == (101, 201)
        assert sites.get(functions[:1]) == (101,)
        assert sites.get([Function(100, b"\xb8" + self.CODE)]) == (105,)

    def test_a_cut_entry_is_none(self, tmp_path: Path, functions: list[Function]) -> None:
        assert DecodedSites(tmp_path).get(functions) == (101, 201)
        (entry,) = tmp_path.glob("??/*")
        entry.write_bytes(entry.read_bytes()[:-1])
        assert DecodedSites(tmp_path).get(functions) == (101, 201)

    def test_without_a_folder(self, functions: list[Function]) -> None:
        assert DecodedSites(Path("/proc/none")).get(functions) == (101, 201)

    def test_only_so_much_is_kept(
        self, tmp_path: Path, functions: list[Function], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("redrive.recorder.planted_traps._MOST_KEPT", 3 * (8 + ENTRY_OVERHEAD))
        for number in range(6):
            DecodedSites(tmp_path).get([Function(number, self.CODE)])
        assert len(list(tmp_path.glob("??/*"))) == 3


def test_sections_need_not_be_there(tmp_path: Path) -> None:
    """A file without section headers, as sstrip leaves it, has its search table still."""
    program = compile_code(tmp_path, "-s")
    expected = find(program)
    data = bytearray(program.read_bytes())
    data[40:48] = bytes(8)
    data[58:64] = bytes(6)
    program.write_bytes(data)
    assert find(program) == expected
    descriptor = os.open(program, os.O_RDONLY)
    assert ElfFile(descriptor).frame_section() == (0, b"")
    os.close(descriptor)
