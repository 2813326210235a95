"""How values and bytes are shown to people.  Whatever bytes they hold, the result is printable ASCII on one line."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_ESCAPES = {0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r"}
_ESCAPES |= {0x22: '\\"', 0x5C: "\\\\"}
_BYTES = [_ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)]

AT_FDCWD = -100


def signed32(value: int) -> str:
    """The low 32 bits as an int."""
    return str((value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)


def unsigned32(value: int) -> str:
    """The low 32 bits as an unsigned int."""
    return str(value & 0xFFFFFFFF)


def signed64(value: int) -> str:
    """A long."""
    return str((value & 0xFFFFFFFFFFFFFFFF ^ 1 << 63) - (1 << 63))


def unsigned64(value: int) -> str:
    """An unsigned long."""
    return str(value & 0xFFFFFFFFFFFFFFFF)


def hexadecimal(value: int) -> str:
    """A number that people know by its bits."""
    return hex(value & 0xFFFFFFFFFFFFFFFF)


def octal(value: int) -> str:
    """Permission bits, as C writes them."""
    return f"0{value & 0xFFFFFFFF:o}"


def address(value: int) -> str:
    """A pointer."""
    return hex(value & 0xFFFFFFFFFFFFFFFF) if value else "NULL"


def descriptor(value: int) -> str:
    """A file descriptor."""
    number = (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
    return "AT_FDCWD" if number == AT_FDCWD else str(number)


def nothing(value: int) -> str:
    """A number that is not worth showing."""
    return ""


def quoted(data: bytes) -> str:
    """Bytes as a C string literal."""
    return '"' + "".join([_BYTES[byte] for byte in data]) + '"'


def timespec(data: bytes) -> str:
    """struct timespec."""
    if len(data) != 16:
        return quoted(data)
    seconds, nanoseconds = struct.unpack("<qq", data)
    return f"{seconds}.{nanoseconds:09}" if 0 <= nanoseconds < 10**9 else f"{{{seconds}, {nanoseconds}}}"


def timeval(data: bytes) -> str:
    """struct timeval."""
    if len(data) != 16:
        return quoted(data)
    seconds, microseconds = struct.unpack("<qq", data)
    return f"{seconds}.{microseconds:06}" if 0 <= microseconds < 10**6 else f"{{{seconds}, {microseconds}}}"


def number32(data: bytes) -> str:
    """An int that a pointer points at."""
    return f"[{int.from_bytes(data, 'little', signed=True)}]"


def number64(data: bytes) -> str:
    """A 64-bit number that a pointer points at."""
    return f"[{int.from_bytes(data, 'little')}]"


def open_how(data: bytes) -> str:
    """struct open_how of openat2(2)."""
    if len(data) < 24:
        return quoted(data)
    flags, mode, resolve = struct.unpack_from("<QQQ", data)
    return f"{{flags={flags:#o}, mode=0{mode:o}, resolve={resolve:#x}}}"


@dataclass(frozen=True, slots=True)
class Names:
    """Constants of which a value is exactly one."""

    names: Mapping[int, str]
    otherwise: Callable[[int], str] = signed32

    def __call__(self, value: int) -> str:
        name = self.names.get(value & 0xFFFFFFFF)
        return self.otherwise(value) if name is None else name


@dataclass(frozen=True, slots=True)
class Flags:
    """Constants that are ored together.

    ``flags`` are tried in their order, those of several bits first; ``fields`` are (mask, names) for parts of the value
    that are numbers and not bits.
    """

    flags: tuple[tuple[int, str], ...]
    fields: tuple[tuple[int, Mapping[int, str]], ...] = ()
    zero: str = "0"

    def __call__(self, value: int) -> str:
        rest = value & 0xFFFFFFFFFFFFFFFF
        shown = []
        for mask, names in self.fields:
            name = names.get(rest & mask)
            if name is not None:
                shown.append(name)
                rest &= ~mask
        for bits, name in self.flags:
            if rest & bits == bits:
                shown.append(name)
                rest &= ~bits
        if rest:
            shown.append(hex(rest))
        return "|".join(shown) or self.zero


def flags(names: str, first: int = 1) -> tuple[tuple[int, str], ...]:
    """Names separated by spaces, of single bits upwards from ``first``; "-" leaves a bit out."""
    return tuple((first << bit, name) for bit, name in enumerate(names.split()) if name != "-")


def names(names: str, first: int = 0) -> dict[int, str]:
    """Names separated by spaces, of numbers upwards from ``first``; "-" leaves a number out."""
    return {number: name for number, name in enumerate(names.split(), first) if name != "-"}
