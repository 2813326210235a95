"""What is known of a machine instruction: its operands in memory, its kind, and what it is at another address."""

from __future__ import annotations

import pytest

from redrive.tracee.instruction import Flags, Kind, decode

REGISTERS = {"rax": 0x1000, "rbp": 0x2000, "rsp": 0x3000, "rsi": 3, "rip": 0x40_0007, "fs_base": 0x7000_0000}


@pytest.mark.parametrize(
    ("code", "addresses"),
    [
        pytest.param("488b442410", [0x3010], id="mov 0x10(%rsp), %rax"),
        pytest.param("488b04f0", [0x1018], id="mov (%rax,%rsi,8), %rax"),
        pytest.param("488b05f9ffffff", [0x40_0000], id="mov -7(%rip), %rax"),
        pytest.param("64488b042528000000", [0x7000_0028], id="mov %fs:0x28, %rax"),
        pytest.param("488b042500005000", [0x50_0000], id="mov 0x500000, %rax"),
        pytest.param("488b046500005000", [0x50_0000], id="mov 0x500000(,%riz,2), %rax"),
        pytest.param("488b0420", [0x1000], id="mov (%rax,%riz), %rax"),
        pytest.param("488d442410", [], id="lea 0x10(%rsp), %rax"),
    ],
)
def test_the_memory_it_names(code: str, addresses: list[int]) -> None:
    instruction = decode(bytes.fromhex(code) + b"\x90" * 4)
    assert instruction.code == bytes.fromhex(code)
    assert [operand.address(REGISTERS) for operand in instruction.memory] == addresses


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param("0f05", Kind.STOPS, id="syscall"),
        pytest.param("0f31", Kind.STOPS, id="rdtsc"),
        pytest.param("9c", Kind.PUSHES_FLAGS, id="pushf"),
        pytest.param("9d", Kind.POPS_FLAGS, id="popf"),
        pytest.param("f348a5", Kind.REPEATED, id="rep movsq"),
        pytest.param("48a5", Kind.ORDINARY, id="movsq"),
        pytest.param("75fe", Kind.RELATIVE_JUMP, id="jne"),
        pytest.param("e8fbffffff", Kind.BOUND, id="call"),
        pytest.param("d9ee", Kind.BOUND, id="fldz"),
        pytest.param("49bd1122334455667788", Kind.CONSTANT, id="movabs"),
        pytest.param("06", Kind.UNKNOWN, id="no instruction of 64-bit mode"),
    ],
)
def test_its_kind(code: str, kind: Kind) -> None:
    assert decode(bytes.fromhex(code)).kind is kind


CARRY, PARITY, ZERO, SIGN, OVERFLOW = Flags
NO_FLAGS = Flags(0)


@pytest.mark.parametrize(
    ("code", "defined", "undefined"),
    [
        pytest.param("01c0", ~NO_FLAGS, NO_FLAGS, id="add %eax, %eax"),
        pytest.param("21c0", ~NO_FLAGS, NO_FLAGS, id="and %eax, %eax"),
        pytest.param("ffc0", ~CARRY, NO_FLAGS, id="inc %eax"),
        pytest.param("f00fba2805", CARRY, PARITY | SIGN | OVERFLOW, id="lock bts $5, (%rax)"),
        pytest.param("c1c003", CARRY, OVERFLOW, id="rol $3, %eax"),
        pytest.param("f7f1", NO_FLAGS, ~NO_FLAGS, id="div %ecx"),
        pytest.param("89c8", NO_FLAGS, NO_FLAGS, id="mov %ecx, %eax"),
        pytest.param("d9ee", NO_FLAGS, NO_FLAGS, id="fldz"),
    ],
)
def test_the_flags_it_leaves(code: str, defined: Flags, undefined: Flags) -> None:
    instruction = decode(bytes.fromhex(code))
    assert instruction.defines_flags == defined
    assert instruction.undefines_flags == undefined


@pytest.mark.parametrize(
    ("code", "moved"),
    [
        pytest.param("4883c001", "4883c001", id="add $1, %rax"),
        pytest.param("488b05f9ffffff", "488b05f9efffff", id="mov -7(%rip), %rax"),
        pytest.param("75fe", "0f85faefffff", id="jne to itself"),
        pytest.param("e2fe", "e202eb05e9f7efffff", id="loop to itself"),
        pytest.param("e8fbffffff", None, id="call"),
    ],
)
def test_it_at_another_address(code: str, moved: str | None) -> None:
    there = decode(bytes.fromhex(code)).relocated(0x40_0000, 0x40_1000)
    assert there == (None if moved is None else bytes.fromhex(moved))


def test_it_too_far_away() -> None:
    assert decode(bytes.fromhex("488b05f9ffffff")).relocated(0x40_0000, 0x7FFF_0000_0000) is None
