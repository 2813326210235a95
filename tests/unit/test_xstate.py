"""XSAVE areas of one CPU on another, by areas made by hand: the layouts are those of real processors."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import pytest

from redrive.tracee import xstate
from redrive.tracee.xstate import Component, contents, described_components, fitted, moved_offset

# (eax, ebx) of CPUID leaf 0xD by subleaf.
INTEL = {2: (256, 576), 5: (64, 1088), 6: (512, 1152), 7: (1024, 1664), 9: (8, 2688)}
"""Skylake-SP without MPX."""
AMD = {2: (256, 576), 5: (64, 832), 6: (512, 896), 7: (1024, 1408), 9: (8, 2432)}
"""Zen 4."""
ZEN_3 = {2: (256, 576), 9: (8, 832)}
MPX = {2: (256, 576), 3: (64, 960), 4: (64, 1024)}
XCR0 = 0b10_1110_0111


def layout(answers: dict[int, tuple[int, int]]) -> tuple[Component, ...]:
    return described_components(sum(1 << bit for bit in answers) | 3, answers)


def area(parts: Sequence[Component], in_use: int, seed: int = 1) -> bytes:
    """Random contents in every component, and garbage where nothing is kept."""
    end = max([576, *(part.offset + part.size for part in parts)])
    made = bytearray(random.Random(f"garbage {len(parts)}").randbytes(end))
    made[512:576] = struct.pack("<Q", in_use) + bytes(56)
    made[:512] = random.Random(seed).randbytes(512)
    for part in parts:
        made[part.offset : part.offset + part.size] = random.Random(f"{seed} {part.bit}").randbytes(part.size)
    return bytes(made)


@pytest.mark.parametrize(("there", "here"), [(INTEL, AMD), (AMD, INTEL), (ZEN_3, AMD), (ZEN_3, INTEL)])
def test_the_components_find_their_places(there: dict[int, tuple[int, int]], here: dict[int, tuple[int, int]]) -> None:
    recorded, own = layout(there), layout(here)
    shared = tuple(part for part in own if part.bit in there)
    in_use = sum(1 << bit for bit in there) | 3
    moved = fitted(area(recorded, in_use), recorded, own, area(own, 0, seed=2))
    assert contents(moved, shared) == contents(area(own, in_use), shared)
    assert len(moved) == len(area(own, 0))
    assert moved[512:576] == struct.pack("<Q", in_use) + bytes(56)
    assert fitted(moved, own, recorded, area(recorded, 0))[:464] == area(recorded, in_use)[:464]


def test_what_is_not_in_use_stays_behind() -> None:
    recorded, own = layout(INTEL), layout(AMD)
    moved = fitted(area(recorded, 0b111), recorded, own, area(own, 0))
    assert moved[576:832] == area(recorded, 0b111)[576:832]
    assert not any(moved[832:])
    assert fitted(area(recorded, 0b111), recorded, layout(ZEN_3), area(layout(ZEN_3), 0))[576:832] == moved[576:832]


def test_the_same_layout_changes_nothing() -> None:
    parts = layout(AMD)
    same = area(parts, XCR0)
    assert fitted(same, parts, parts, area(parts, 0)) is same


def test_state_that_the_machine_does_not_have() -> None:
    recorded, own = layout(INTEL), layout(ZEN_3)
    with pytest.raises(ValueError, match=r"AVX-512 mask registers .*this machine's CPU does not have"):
        fitted(area(recorded, 0b10_0011), recorded, own, area(own, 0))
    with pytest.raises(ValueError, match="MPX bound registers"):
        fitted(area(layout(MPX), 0b1011), layout(MPX), own, area(own, 0))
    with pytest.raises(ValueError, match="XSAVE component 40"):
        fitted(area(recorded, 1 << 40), recorded, own, area(own, 0))


def test_a_layout_that_the_trace_does_not_tell() -> None:
    own = layout(AMD)
    with pytest.raises(ValueError, match="does not say where"):
        fitted(area(layout(INTEL), 0b111), (), own, area(own, 0))
    with pytest.raises(ValueError, match="does not say where"):
        fitted(area((), 0b111), layout(INTEL), own, area(own, 0))
    with pytest.raises(ValueError, match="differ in size"):
        fitted(area(layout(INTEL), 0b111), (Component(2, 576, 128),), own, area(own, 0))


def test_components_that_are_not_enabled_or_have_no_size_are_none() -> None:
    assert layout({2: (256, 576), 3: (0, 0)}) == (Component(2, 576, 256),)
    assert described_components(7, INTEL) == (Component(2, 576, 256),)
    assert described_components(XCR0, {}) == ()


def test_this_machine_describes_itself() -> None:
    for part in xstate.components():
        assert part.offset >= xstate.LEGACY_SIZE + xstate.HEADER_SIZE and part.size


def test_single_offsets_move_with_their_component() -> None:
    recorded, own = layout(INTEL), layout(AMD)
    assert [moved_offset(offset, recorded, own) for offset in (160, 512, 576, 1088, 1663, 2688)] == [
        *(160, 512, 576, 832),
        *(896 + 511, 2432),
    ]
    assert moved_offset(900, recorded, own) is None
    assert moved_offset(1088, recorded, layout(ZEN_3)) is None
