"""Text of strangers on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redrive.tools.escaping import escape, escape_bytes, escape_command, escape_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with spaces; é ß 漢", "plain, with spaces; é ß 漢"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\ntwo\tthree\r", "one\\ntwo\\tthree\\r"),
        ("back\\slash", "back\\\\slash"),
        ("\x9b1m", "\\x9b1m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_does_not_print_is_written_out(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_bytes_that_are_no_utf8() -> None:
    assert escape_bytes(b"caf\xc3\xa9 \xff\xfe") == "café \\xff\\xfe"


def test_a_command_can_be_read_as_one_types_it() -> None:
    assert escape_command([b"sh", b"-c", b"echo 'a b'", b""]) == """sh -c 'echo '"'"'a b'"'"'' ''"""
    assert escape_command([b"printf", b"a\nb"]) == "printf 'a\\nb'"


def test_lines_stay_lines() -> None:
    assert escape_lines("one\ntwo \x07\n") == "one\ntwo \\x07\n"


@given(st.binary())
def test_no_bytes_get_through(data: bytes) -> None:
    assert escape_bytes(data).isprintable()


@given(st.text(), st.text())
def test_different_texts_look_different(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) is (one == other)
