"""Text of strangers on a terminal: a trace may hold anything, and escape sequences must not reach it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def _escape_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # A byte that was no UTF-8, as os.fsdecode gives it.
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str) -> str:
    """``text`` with all that does not print (control, direction and format characters) as \\n, \\xNN or \\uNNNN."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_SHORT.get(one) or (one if one.isprintable() else _escape_character(one)) for one in text)


def escape_lines(text: str) -> str:
    """As ``escape``, line by line: for reports of our own with strangers' words in them."""
    return "\n".join(line if line.isprintable() else escape(line) for line in text.split("\n"))


def escape_bytes(data: bytes) -> str:
    """A path, an argument or other text of the program as the kernel has it."""
    return escape(os.fsdecode(data))


def shorten_command(arguments: tuple[bytes, ...], most: int) -> tuple[bytes, ...]:
    """A command's arguments, or as many of their first bytes as are asked for, and `...` as the last argument."""
    kept: list[bytes] = []
    for argument in arguments:
        most -= len(argument) + 1
        if most < 0:
            return (*kept, argument[: most + 1 + len(argument)], b"...")
        kept.append(argument)
    return arguments


def escape_command(arguments: Iterable[bytes]) -> str:
    """A command as one would type it to a shell, but for what does not print."""
    return " ".join(escape(shlex.quote(os.fsdecode(argument))) for argument in arguments)
