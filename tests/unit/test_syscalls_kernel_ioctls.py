"""The running kernel writes no byte that the table does not name: ioctls of terminals, files, devices."""

from __future__ import annotations

import errno
import os
import pty
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.syscalls_arena import Arena, observe, row_of, system_call

IOCTL = 16


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    controlling, terminal = pty.openpty()
    yield controlling, terminal
    os.close(controlling)
    os.close(terminal)


TERMINAL_REQUESTS = [
    ("TCGETS", 0x5401),
    ("TCGETA", 0x5405),
    ("TIOCOUTQ", 0x5411),
    ("TIOCGWINSZ", 0x5413),
    ("FIONREAD", 0x541B),
    ("TIOCGETD", 0x5424),
    ("TCGETS2", 0x802C542A),
    ("TIOCGEXCL", 0x80045440),
    ("TIOCGLCKTRMIOS", 0x5456),
    ("TIOCGDEV", 0x80045432),
]


@pytest.mark.parametrize(("name", "number"), TERMINAL_REQUESTS)
def test_terminals(arena: Arena, terminal: tuple[int, int], name: str, number: int) -> None:
    assert row_of(IOCTL, (0, number)).command == name
    assert observe(arena, IOCTL, terminal[1], number, arena.room(200))[1]


@pytest.mark.parametrize(
    ("name", "number"), [("TIOCGPTN", 0x80045430), ("TIOCGPTLCK", 0x80045439), ("TIOCGPKT", 0x80045438)]
)
def test_controlling_ends(arena: Arena, terminal: tuple[int, int], name: str, number: int) -> None:
    assert row_of(IOCTL, (0, number)).command == name
    assert observe(arena, IOCTL, terminal[0], number, arena.room(64))[1]


def test_settings_that_go_in(arena: Arena, terminal: tuple[int, int]) -> None:
    settings = arena.room(64)
    observe(arena, IOCTL, terminal[1], 0x5401, settings)
    assert observe(arena, IOCTL, terminal[1], 0x5402, settings)[1] == 0
    assert observe(arena, IOCTL, terminal[1], 0x5403, settings)[1] == 0
    assert observe(arena, IOCTL, terminal[1], 0x5414, arena.put(struct.pack("<4H", 50, 132, 0, 0)))[1] == 0
    descriptor, _ = observe(arena, IOCTL, terminal[0], 0x5441, os.O_RDWR | os.O_NOCTTY)
    os.close(descriptor)
    observe(arena, IOCTL, terminal[1], 0x541E, arena.room(200), expect=errno.ENOTTY)


def test_sessions(arena: Arena, terminal: tuple[int, int]) -> None:
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            observe(arena, IOCTL, terminal[1], 0x540E, 0)
            group = observe(arena, IOCTL, terminal[1], 0x540F, arena.room(64))[1]
            session = observe(arena, IOCTL, terminal[1], 0x5429, arena.room(64))[1]
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os._exit(0 if group and session else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_reading_a_terminal(arena: Arena, terminal: tuple[int, int]) -> None:
    os.write(terminal[0], b"a line\nand more\n")
    assert observe(arena, 0, terminal[1], arena.room(200), 150) == (7, 7)
    assert observe(arena, 0, terminal[0], arena.room(200), 150)[0] > 7


def test_files(arena: Arena, tmp_path: Path) -> None:
    with open(tmp_path / "file", "w+b") as file:
        file.write(b"x" * 100000)
        file.flush()
        os.fsync(file.fileno())
        assert observe(arena, IOCTL, file.fileno(), 2, arena.room(64))[1]
        assert observe(arena, IOCTL, file.fileno(), 0x5460, arena.room(64))[1]
        asked = struct.pack("<QQIIII", 0, 1 << 40, 0, 0, 10, 0)
        if system_call(IOCTL, (file.fileno(), 0xC020660B, arena.put(asked, room=2000))) == 0:
            assert observe(arena, IOCTL, file.fileno(), 0xC020660B, arena.put(asked, room=2000))[1] > 32
        for request in (0x80086601, 0x801C581F, 0x40046629, 1):
            if system_call(IOCTL, (file.fileno(), request, arena.room(200))) == 0:
                assert observe(arena, IOCTL, file.fileno(), request, arena.room(200))[1]


def test_a_request_that_fails_and_writes(arena: Arena, tmp_path: Path) -> None:
    with open(tmp_path / "file", "w+b") as file:
        result = system_call(IOCTL, (file.fileno(), 1, arena.put(b"\xff" * 4)))
        if result < 0:
            observe(arena, IOCTL, file.fileno(), 1, arena.put(b"\xff" * 4), expect=-result)


def test_the_map_of_memory(arena: Arena) -> None:
    with open("/proc/self/maps", "rb") as maps:
        name = arena.room(300)
        asked = struct.pack("<QQQ", 104, 0x10, arena.address) + bytes(56) + struct.pack("<IIQQ", 300, 0, name, 0)
        if system_call(IOCTL, (maps.fileno(), 0xC0686611, arena.put(asked))) < 0:
            pytest.skip("this kernel has no PROCMAP_QUERY")
        assert observe(arena, IOCTL, maps.fileno(), 0xC0686611, arena.put(asked))[1]


def test_pages_scanned(arena: Arena) -> None:
    with open("/proc/self/pagemap", "rb") as pagemap:
        ranges = arena.room(2400)
        asked = struct.pack("<12Q", 96, 0, arena.address, arena.end, 0, ranges, 100, 0, 0, 0, 0x7F, 0x7F)
        if system_call(IOCTL, (pagemap.fileno(), 0xC0606610, arena.put(asked))) < 0:
            pytest.skip("this kernel has no PAGEMAP_SCAN")
        assert observe(arena, IOCTL, pagemap.fileno(), 0xC0606610, arena.put(asked))[1]


def test_namespaces(arena: Arena) -> None:
    with open("/proc/self/ns/user", "rb") as user:
        assert observe(arena, IOCTL, user.fileno(), 0xB704, arena.room(64))[1]
        observe(arena, IOCTL, user.fileno(), 0xB703, 0)
    with open("/proc/self/ns/mnt", "rb") as mounts:
        if system_call(IOCTL, (mounts.fileno(), 0x8008B705, arena.room(64))) == 0:
            assert observe(arena, IOCTL, mounts.fileno(), 0x8008B705, arena.room(64))[1]
        if system_call(IOCTL, (mounts.fileno(), 0x8010B70A, arena.put(bytes(16)))) == 0:
            assert observe(arena, IOCTL, mounts.fileno(), 0x8010B70A, arena.put(bytes(16)))[1]


def test_process_descriptors(arena: Arena) -> None:
    descriptor = os.pidfd_open(os.getpid())
    if system_call(IOCTL, (descriptor, 0xC040FF0B, arena.put(struct.pack("<Q", 7), room=64))) == 0:
        assert observe(arena, IOCTL, descriptor, 0xC040FF0B, arena.put(struct.pack("<Q", 7) + bytes(56)))[1]
    os.close(descriptor)


def test_random_pool(arena: Arena) -> None:
    with open("/dev/urandom", "rb") as pool:
        assert observe(arena, IOCTL, pool.fileno(), 0x80045200, arena.room(64))[1]


@pytest.mark.skipif(not os.path.exists("/dev/net/tun") or os.geteuid() != 0, reason="needs root and /dev/net/tun")
def test_tunnels(arena: Arena) -> None:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    assert observe(arena, IOCTL, descriptor, 0x800454CF, arena.room(64))[1]
    asked = b"redrive%d".ljust(16, b"\0") + struct.pack("<H", 0x1001)
    assert observe(arena, IOCTL, descriptor, 0x400454CA, arena.put(asked, room=64))[1]
    assert observe(arena, IOCTL, descriptor, 0x800454D2, arena.room(64))[1]
    assert observe(arena, IOCTL, descriptor, 0x800454D3, arena.room(64))[1]
    assert observe(arena, IOCTL, descriptor, 0x800454D7, arena.room(64))[1]
    os.close(descriptor)


@pytest.mark.skipif(
    not os.path.exists("/dev/loop-control") or os.geteuid() != 0, reason="needs root and /dev/loop-control"
)
def test_block_devices(arena: Arena, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    with open("/dev/loop-control", "rb") as control:
        number = system_call(IOCTL, (control.fileno(), 0x4C82, 0))
    if number < 0 or not os.path.exists(f"/dev/loop{number}"):
        pytest.skip("no loop device to be had")
    with open(tmp_path / "disk", "r+b") as disk, open(f"/dev/loop{number}", "r+b", buffering=0) as loop:
        observe(arena, IOCTL, loop.fileno(), 0x4C00, disk.fileno())
        try:
            for request in (
                0x1260,
                0x1268,
                0x80081272,
                0x127B,
                0x1278,
                0x127A,
                0x127E,
                0x80081270,
                0x1267,
                0x4C03,
                0x4C05,
            ):
                assert observe(arena, IOCTL, loop.fileno(), request, arena.room(400))[1], hex(request)
        finally:
            observe(arena, IOCTL, loop.fileno(), 0x4C01, 0)


def test_console(arena: Arena) -> None:
    try:
        console = os.open("/dev/tty0", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        pytest.skip("no virtual console")
    for request in (0x4B33, 0x4B3B, 0x4B44, 0x5600, 0x5601, 0x5603, 0x4B40, 0x4B69, 0x4B4A):
        if system_call(IOCTL, (console, request, arena.room(1024))) >= 0:
            assert observe(arena, IOCTL, console, request, arena.room(1024))[1] >= 0
    os.close(console)
