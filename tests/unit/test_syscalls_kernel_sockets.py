"""The running kernel writes no byte that the table does not name: sockets, their messages and options."""

from __future__ import annotations

import array
import errno
import os
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.unit.syscalls_arena import Arena, observe

SIZE_128 = struct.pack("<I", 128)


@pytest.fixture
def unix() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        yield one, other


def header(arena: Arena, *lengths: int, name: int = 0, control: int = 0, name_room: int | None = None) -> bytes:
    """A struct msghdr with memory of its own."""
    return struct.pack(
        "<QI4xQQQQI4x",
        arena.room(max(name, 1)) if name else 0,
        name if name_room is None else name_room,
        arena.vectors(*lengths),
        len(lengths),
        arena.room(control) if control else 0,
        control,
        0,
    )


def test_names(arena: Arena) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        address, length = arena.room(200), arena.put(SIZE_128)
        assert observe(arena, 51, server.fileno(), address, length)[1] >= 8
        short = arena.put(struct.pack("<I", 3))
        assert observe(arena, 52, client.fileno(), arena.room(200), short)[1] >= 3
        descriptor, changed = observe(arena, 288, server.fileno(), arena.room(200), arena.put(SIZE_128), 0)
        assert changed > 8
        client.sendall(b"hello" * 10)
        assert observe(arena, 45, descriptor, arena.room(100), 30, 0, 0, 0)[0] == 30
        # The result of MSG_TRUNC does not count what is written.
        assert observe(arena, 45, descriptor, arena.room(100), 30, 0x20, 0, 0)[0] == 20
        client.close()
        assert observe(arena, 0, descriptor, arena.room(100), 30) == (0, 0)
        os.close(descriptor)
    with socket.socket(socket.AF_UNIX) as nameless:
        nameless.bind(b"\0redrive-" + b"n" * 90)
        assert observe(arena, 51, nameless.fileno(), arena.room(200), arena.put(SIZE_128))[1] > 90


def test_cut_messages(arena: Arena, unix: tuple[socket.socket, socket.socket]) -> None:
    one, other = unix
    one.send(b"x" * 1000)
    assert observe(arena, 45, other.fileno(), arena.room(100), 40, 0x20, 0, 0) == (1000, 40)
    one.send(b"y" * 1000)
    assert observe(arena, 47, other.fileno(), arena.put(header(arena, 40, 50)), 0x20)[0] == 1000


def test_messages_with_descriptors(arena: Arena, unix: tuple[socket.socket, socket.socket]) -> None:
    one, other = unix
    other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    passed = array.array("i", [0, 1, 2])
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)]
    one.sendmsg([b"data" * 10], rights)
    message = arena.put(header(arena, 7, 100, control=200, name=128))
    result, changed = observe(arena, 47, other.fileno(), message, 0)
    assert result == 40
    assert changed > 80
    # Too little room for the control data.
    one.sendmsg([b"data" * 10], rights)
    assert observe(arena, 47, other.fileno(), arena.put(header(arena, 100, control=52)), 0)[0] == 40
    one.sendmsg([b"data" * 10], rights)
    assert observe(arena, 47, other.fileno(), arena.put(header(arena, 100)), 0)[0] == 40


def test_datagrams_with_names(arena: Arena) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        two.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP
        two.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        one.sendto(b"first", two.getsockname())
        assert observe(arena, 45, two.fileno(), arena.room(100), 80, 0, arena.room(200), arena.put(SIZE_128))[1] > 12
        one.sendto(b"second", two.getsockname())
        assert observe(arena, 47, two.fileno(), arena.put(header(arena, 100, name=4, control=200)), 0)[1] > 40
        for number in range(3):
            one.sendto(b"many" * (number + 1), two.getsockname())
        many = arena.put(b"".join(header(arena, 6, 100, name=16, control=100) + bytes(8) for _ in range(5)))
        result, changed = observe(arena, 299, two.fileno(), many, 5, 0x40, 0)
        assert result == 3
        assert changed > 100
        one.connect(two.getsockname())
        texts = [arena.put(b"text" * 9) for _ in range(3)]
        entries = [struct.pack("<QI4xQQQQI4x", 0, 0, arena.put(struct.pack("<QQ", at, 36)), 1, 0, 0, 0) for at in texts]
        assert observe(arena, 307, one.fileno(), arena.put(b"".join(e + bytes(8) for e in entries)), 3, 0)[0] == 3


def test_a_timed_wait_for_messages(arena: Arena, unix: tuple[socket.socket, socket.socket]) -> None:
    unix[0].send(b"x")
    limit = arena.put(struct.pack("<qq", 1, 0))
    many = arena.put(header(arena, 100) + bytes(8))
    assert observe(arena, 299, unix[1].fileno(), many, 1, 0, limit)[0] == 1


def test_faulting_messages(arena: Arena, unix: tuple[socket.socket, socket.socket]) -> None:
    one, other = unix
    one.send(b"z" * 200)
    vectors = arena.put(struct.pack("<QQQQ", arena.room(100), 100, arena.end - 20, 100))
    message = arena.put(struct.pack("<QI4xQQQQI4x", 0, 0, vectors, 2, 0, 0, 0))
    observe(arena, 47, other.fileno(), message, 0, expect=errno.EFAULT)
    one.send(b"z" * 200)
    many = arena.put(struct.pack("<QI4xQQQQI4xII", 0, 0, vectors, 2, 0, 0, 0, 0, 0))
    observe(arena, 299, other.fileno(), many, 1, 0, 0, expect=errno.EFAULT)


OPTIONS = [
    ("SO_TYPE", 1, 3, 4),
    ("SO_ERROR", 1, 4, 16),
    ("SO_RCVBUF", 1, 8, 2),
    ("SO_LINGER", 1, 13, 64),
    ("SO_PEERCRED", 1, 17, 64),
    ("SO_RCVTIMEO", 1, 20, 64),
    ("SO_PEERGROUPS", 1, 59, 1024),
    ("SO_COOKIE", 1, 57, 8),
]


@pytest.mark.parametrize(("name", "level", "option", "room"), OPTIONS)
def test_options(
    arena: Arena, unix: tuple[socket.socket, socket.socket], name: str, level: int, option: int, room: int
) -> None:
    length = arena.put(struct.pack("<I", room))
    assert observe(arena, 55, unix[0].fileno(), level, option, arena.room(2048), length)[1]


def test_options_of_a_connection(arena: Arena) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        information = arena.put(struct.pack("<I", 1024))
        assert observe(arena, 55, client.fileno(), 6, 11, arena.room(2048), information)[1] > 50
        name = arena.put(struct.pack("<I", 16))
        assert observe(arena, 55, client.fileno(), 6, 13, arena.room(64), name)[1] > 3


def test_a_pair_that_fails(arena: Arena) -> None:
    """The kernel writes the descriptors, then finds out that there are no such pairs."""
    assert observe(arena, 53, socket.AF_INET, socket.SOCK_STREAM, 0, arena.room(64), expect=errno.EOPNOTSUPP)[1]


def test_requests(arena: Arena) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        buffer = arena.room(2000)
        asked = arena.put(struct.pack("<i4xQ", 2000, buffer))
        assert observe(arena, 16, one.fileno(), 0x8912, asked)[1] > 20
        assert observe(arena, 16, one.fileno(), 0x8912, arena.put(struct.pack("<i4xQ", 0, 0)))[1]
        for request in (0x8913, 0x8915, 0x8919, 0x891B, 0x891D, 0x8921, 0x8927, 0x8933, 0x8942, 0x8970):
            assert observe(arena, 16, one.fileno(), request, arena.put(b"lo".ljust(16, b"\0") + b"\xa5" * 24))[1], hex(
                request
            )
        assert observe(arena, 16, one.fileno(), 0x8910, arena.put(bytes(16) + struct.pack("<i", 1) + bytes(20)))[1]
        assert observe(arena, 16, one.fileno(), 0x541B, arena.room(64))[1]
        assert observe(arena, 16, one.fileno(), 0x5411, arena.room(64))[1]
        value = arena.put(struct.pack("<I", 0xA), room=4096)
        request = arena.put(struct.pack("<16sQ16x", b"lo", value))
        observe(arena, 16, one.fileno(), 0x8946, request)
        stamping = arena.put(struct.pack("<I", 0x41), room=4096)
        request = arena.put(struct.pack("<16sQ16x", b"lo", stamping))
        assert observe(arena, 16, one.fileno(), 0x8946, request)[1] > 4
