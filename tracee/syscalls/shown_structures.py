"""How structures that go in are shown: socket addresses, signal sets, poll's descriptors, argument lists."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

from redrive.tracee.syscalls.argument import Argument, Given, read_text
from redrive.tracee.syscalls.constants import EPOLL_EVENTS, POLL_EVENTS, SIGNAL, SIGNAL_ACTION_FLAGS, SOCKET_FAMILY
from redrive.tracee.syscalls.memory_protocol import Memory, MemoryFault
from redrive.tracee.syscalls.shown import address as shown_address
from redrive.tracee.syscalls.shown import quoted, timespec, timeval

_MOST_SHOWN = 32
_MOST_TEXTS = 128
_MOST_TEXT_BYTES = 4096


def socket_address(data: bytes) -> str:
    """struct sockaddr of the families that people meet; others as their family and bytes."""
    if len(data) < 2:
        return quoted(data)
    family = int.from_bytes(data[:2], "little")
    if family == 1:
        path = data[2:]
        name = b"@" + path[1:] if path[:1] == b"\0" else path.split(b"\0")[0]
        return f"{{AF_UNIX, {quoted(name)}}}"
    if family == 2 and len(data) >= 8:
        port, host = struct.unpack_from(">H4s", data, 2)
        return f"{{AF_INET, {socket.inet_ntop(socket.AF_INET, host)}:{port}}}"
    if family == 10 and len(data) >= 24:
        port, host = struct.unpack_from(">H4x16s", data, 2)
        return f"{{AF_INET6, [{socket.inet_ntop(socket.AF_INET6, host)}]:{port}}}"
    if family == 16 and len(data) >= 12:
        port, groups = struct.unpack_from("<II", data, 4)
        return f"{{AF_NETLINK, pid={port}, groups={groups:#x}}}"
    return f"{{{SOCKET_FAMILY(family)}, {quoted(data[2:])}}}"


def signal_set(data: bytes) -> str:
    """sigset_t; with "~" in front when it is shorter to say what is not in it."""
    bits = int.from_bytes(data, "little")
    members = [number for number in range(1, 65) if bits >> (number - 1) & 1]
    others = [number for number in range(1, 65) if not bits >> (number - 1) & 1]
    if len(members) <= _MOST_SHOWN:
        return f"[{' '.join(map(_short_signal, members))}]"
    return f"~[{' '.join(map(_short_signal, others))}]"


def _short_signal(number: int) -> str:
    return SIGNAL(number).removeprefix("SIG")


def signal_action(data: bytes) -> str:
    """The kernel's struct sigaction: handler, flags, restorer, mask."""
    if len(data) != 32:
        return quoted(data)
    handler, flags, _ = struct.unpack_from("<QQQ", data)
    name = {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler) or hex(handler)
    return f"{{{name}, {SIGNAL_ACTION_FLAGS(flags)}, {signal_set(data[24:])}}}"


def epoll_event(data: bytes) -> str:
    """struct epoll_event, 12 bytes."""
    if len(data) != 12:
        return quoted(data)
    events, value = struct.unpack("<IQ", data)
    return f"{{{EPOLL_EVENTS(events)}, {value:#x}}}"


def polled(data: bytes) -> str:
    """An array of struct pollfd."""
    entries = struct.iter_unpack("<iHH", data[: len(data) // 8 * 8])
    return f"[{', '.join(f'{descriptor}:{POLL_EVENTS(events)}' for descriptor, events, _ in entries)}]"


def resource_limit(data: bytes) -> str:
    """struct rlimit."""
    if len(data) != 16:
        return quoted(data)
    soft, hard = ("RLIM_INFINITY" if value == 2**64 - 1 else str(value) for value in struct.unpack("<QQ", data))
    return f"{{{soft}, {hard}}}"


def timespecs(data: bytes) -> str:
    """struct itimerspec (interval, value), and other pairs of timespecs."""
    return f"{{{timespec(data[:16])}, {timespec(data[16:])}}}"


def timevals(data: bytes) -> str:
    """struct itimerval (interval, value), and other pairs of timevals."""
    return f"{{{timeval(data[:16])}, {timeval(data[16:])}}}"


def _read_texts(address: int, arguments: Sequence[int], memory: Memory) -> bytes:
    found = []
    total = 0
    for number in range(_MOST_TEXTS):
        pointer = int.from_bytes(memory.read(address + 8 * number, 8), "little")
        if not pointer or total >= _MOST_TEXT_BYTES:
            break
        try:
            one = read_text(pointer, arguments, memory)
        except MemoryFault:
            break
        found.append(one + b"\0")
        total += len(found[-1])
    return b"".join(found)


def _quoted_texts(data: bytes) -> str:
    return f"[{', '.join(quoted(one) for one in data.split(bytes(1))[:-1])}]"


def texts(name: str) -> Argument:
    """An array of C strings that ends with NULL (argv); their bytes are shown, each with its NUL."""
    return Argument(name, shown_address, given=Given(None, _MOST_TEXT_BYTES, _quoted_texts, lambda _: _read_texts))
