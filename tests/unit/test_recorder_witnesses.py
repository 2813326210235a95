"""Which memory a landmark keeps."""

from __future__ import annotations

import pytest

from redrive.recorder.witnesses import _windows
from redrive.tracee import registers as regs
from redrive.tracee.mappings import Mapping

STACK = Mapping(0x7FFF_0000_0000, 0x7FFF_0002_1000, 3, False, 0, 0, 0, b"[stack]")
POINTER = STACK.end - 0x1000
REGISTERS = regs.replace(bytes(216), rsp=POINTER)


@pytest.mark.parametrize("named", [[], [8], [-8], [8, 200, 72], [-128, 632], [4]])
def test_the_stack_about_the_stack_pointer_is_kept_whatever_the_code_names_there(named: list[int]) -> None:
    extents = list(_windows(REGISTERS, [POINTER + offset for offset in named], [STACK]))
    kept = {address for start, length in extents for address in range(start, start + length)}
    assert set(range(POINTER - 128, POINTER + 640)) <= kept
    assert all(length <= 64 for _, length in extents)
