"""The running kernel writes no byte that the table does not name: files, processes, signals, clocks."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.syscalls_arena import Arena, differences, observe, system_call, uncovered

Build = Callable[[Arena], tuple[int, ...]]

AT_FDCWD = -100
SIGUSR1_SET = struct.pack("<Q", 1 << (signal.SIGUSR1 - 1))


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


SIMPLE: dict[str, tuple[int, Build]] = {
    "stat": (4, lambda a: (a.put(b"/etc\0"), a.room(256))),
    "fstat": (5, lambda a: (0, a.room(256))),
    "lstat": (6, lambda a: (a.put(b"/etc\0"), a.room(256))),
    "rt_sigaction": (13, lambda a: (signal.SIGCHLD, 0, a.room(64), 8)),
    "rt_sigprocmask": (14, lambda a: (0, 0, a.room(64), 8)),
    "mincore": (27, lambda a: (a.address, 16 * 4096 + 1, a.room(64))),
    "getitimer": (36, lambda a: (0, a.room(64))),
    "setitimer": (38, lambda a: (1, a.put(bytes(32)), a.room(64))),
    "uname": (63, lambda a: (a.room(512),)),
    "getcwd": (79, lambda a: (a.room(4096), 4096)),
    "readlink": (89, lambda a: (a.put(b"/proc/self/exe\0"), a.room(256), 200)),
    "readlink cut short": (89, lambda a: (a.put(b"/proc/self/exe\0"), a.room(256), 5)),
    "gettimeofday": (96, lambda a: (a.room(32), a.room(32))),
    "getrlimit": (97, lambda a: (7, a.room(64))),
    "getrusage": (98, lambda a: (0, a.room(256))),
    "sysinfo": (99, lambda a: (a.room(256),)),
    "times": (100, lambda a: (a.room(64),)),
    "getresuid": (118, lambda a: (a.room(16), a.room(16), a.room(16))),
    "getresgid": (120, lambda a: (a.room(16), a.room(16), a.room(16))),
    "capget": (125, lambda a: (a.put(struct.pack("<Ii", 0x20080522, 0)), a.room(64))),
    "rt_sigpending": (127, lambda a: (a.room(64), 8)),
    "sigaltstack": (131, lambda a: (0, a.room(64))),
    "statfs": (137, lambda a: (a.put(b"/proc\0"), a.room(256))),
    "fstatfs": (138, lambda a: (0, a.room(256))),
    "sysfs name": (139, lambda a: (2, 0, a.room(512))),
    "sched_getparam": (143, lambda a: (0, a.room(64))),
    "sched_rr_get_interval": (148, lambda a: (0, a.room(64))),
    "prctl PR_GET_PDEATHSIG": (157, lambda a: (2, a.room(16))),
    "prctl PR_GET_NAME": (157, lambda a: (16, a.room(64))),
    "prctl PR_GET_TSC": (157, lambda a: (25, a.room(64))),
    "prctl PR_GET_CHILD_SUBREAPER": (157, lambda a: (37, a.room(64))),
    "prctl PR_GET_TID_ADDRESS": (157, lambda a: (40, a.room(64))),
    "arch_prctl ARCH_GET_FS": (158, lambda a: (0x1003, a.room(64))),
    "arch_prctl ARCH_GET_GS": (158, lambda a: (0x1004, a.room(64))),
    "adjtimex": (159, lambda a: (a.put(bytes(208), room=400),)),
    "time": (201, lambda a: (a.room(64),)),
    "sched_getaffinity": (204, lambda a: (0, 512, a.room(1024))),
    "timer_create": (222, lambda a: (1, 0, a.room(64))),
    "clock_gettime": (228, lambda a: (1, a.room(64))),
    "clock_getres": (229, lambda a: (1, a.room(64))),
    "newfstatat": (262, lambda a: (AT_FDCWD, a.put(b"/etc\0"), a.room(256), 0)),
    "readlinkat": (267, lambda a: (AT_FDCWD, a.put(b"/proc/self/exe\0"), a.room(256), 200)),
    "get_robust_list": (274, lambda a: (0, a.room(16), a.room(16))),
    "get_mempolicy": (239, lambda a: (a.room(64), a.room(512), 1025, 0, 0)),
    "clock_adjtime": (305, lambda a: (0, a.put(bytes(208), room=400))),
    "prlimit64": (302, lambda a: (0, 7, 0, a.room(64))),
    "getcpu": (309, lambda a: (a.room(16), a.room(16), 0)),
    "sched_getattr": (315, lambda a: (0, a.room(256), 128, 0)),
    "seccomp GET_NOTIF_SIZES": (317, lambda a: (3, 0, a.room(64))),
    "getrandom": (318, lambda a: (a.room(512), 333, 0)),
    "statx": (332, lambda a: (AT_FDCWD, a.put(b"/etc\0"), 0, 0xFFF, a.room(512))),
    "pipe": (22, lambda a: (a.room(64),)),
    "pipe2": (293, lambda a: (a.room(64), 0o2000000)),
    "socketpair": (53, lambda a: (1, 1, 0, a.room(64))),
}


@pytest.mark.parametrize("case", SIMPLE)
def test_simple_calls(arena: Arena, case: str) -> None:
    number, build = SIMPLE[case]
    _, changed = observe(arena, number, *build(arena))
    assert changed


def test_name_to_handle_at(arena: Arena, tmp_path: Path) -> None:
    path = arena.put(bytes(tmp_path) + b"\0")
    handle = arena.put(struct.pack("<Ii", 0, 0), room=300)
    observe(arena, 303, AT_FDCWD, path, handle, arena.room(16), 0, expect=errno.EOVERFLOW)
    _, changed = observe(arena, 303, AT_FDCWD, path, handle, arena.room(16), 0)
    assert changed > 4


def test_reading(arena: Arena, tmp_path: Path, pair: tuple[int, int]) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(200)) * 50)
    descriptor = os.open(file, os.O_RDONLY)
    assert observe(arena, 0, descriptor, arena.room(5000), 4099)[1] > 4000
    assert observe(arena, 17, descriptor, arena.room(5000), 100, 3)[0] == 100
    assert observe(arena, 19, descriptor, arena.vectors(10, 0, 3000, 7), 4)[0] == 3017
    assert observe(arena, 295, descriptor, arena.vectors(4000, 4000, 4000), 3, 100, 0)[0] == 9900
    assert observe(arena, 327, descriptor, arena.vectors(4000, 4000, 4000), 3, 100, 0, 0)[0] == 9900
    os.write(pair[1], b"ten bytes.")
    assert observe(arena, 19, pair[0], arena.vectors(4, 100, 100), 3)[0] == 10
    os.close(descriptor)


def test_a_faulting_read(arena: Arena, pair: tuple[int, int]) -> None:
    os.write(pair[1], b"z" * 100)
    assert observe(arena, 0, pair[0], arena.end - 60, 100, expect=errno.EFAULT)[1] == 60


def test_directories(arena: Arena) -> None:
    descriptor = os.open("/usr/include/linux", os.O_RDONLY | os.O_DIRECTORY)
    assert observe(arena, 217, descriptor, arena.room(9000), 8192)[1] > 4000
    assert observe(arena, 78, descriptor, arena.room(9000), 8192)[1] > 4000
    os.close(descriptor)


def test_moved_offsets(arena: Arena, tmp_path: Path, pair: tuple[int, int]) -> None:
    first, second = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT), os.open(tmp_path / "b", os.O_RDWR | os.O_CREAT)
    os.write(first, b"0123456789" * 100)
    at = struct.pack("<q", 5)
    assert observe(arena, 40, second, first, arena.put(at), 100) == (100, 1)
    assert observe(arena, 326, first, arena.put(at), second, arena.put(at), 100, 0) == (100, 2)
    assert observe(arena, 275, first, arena.put(at), pair[1], 0, 100, 0) == (100, 1)
    # vmsplice from a pipe's reading end fills memory.
    assert observe(arena, 278, pair[0], arena.vectors(30, 60), 2, 0)[0] == 90
    os.close(first)
    os.close(second)


def test_cachestat(arena: Arena, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10000)
    with open(tmp_path / "file", "rb") as file:
        arguments = (file.fileno(), arena.put(struct.pack("<QQ", 0, 0)), arena.room(100), 0)
        if system_call(451, arguments) == -errno.ENOSYS:
            pytest.skip("this kernel has no cachestat")
        arena.poison()
        assert observe(arena, 451, file.fileno(), arena.put(bytes(16)), arena.room(100), 0)[1]


def test_extended_attributes(arena: Arena, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path, name = arena.put(bytes(tmp_path / "file") + b"\0"), arena.put(b"user.colour\0")
    try:
        os.setxattr(tmp_path / "file", "user.colour", b"blue" * 50)
    except OSError:
        pytest.skip("no extended attributes here")
    assert observe(arena, 191, path, name, 0, 0) == (200, 0)
    assert observe(arena, 191, path, name, arena.room(300), 0) == (200, 0)
    assert observe(arena, 191, path, name, arena.room(300), 250)[1] == 200
    assert observe(arena, 194, path, arena.room(300), 0)[1] == 0
    assert observe(arena, 194, path, arena.room(300), 250)[1] >= 12
    values = arena.put(struct.pack("<QII", arena.room(300), 250, 0))
    if system_call(464, (AT_FDCWD, path, 0, name, values, 16)) == 200:
        arena.put(b"")
        path, name = arena.put(bytes(tmp_path / "file") + b"\0"), arena.put(b"user.colour\0")
        values = arena.put(struct.pack("<QII", arena.room(300), 250, 0))
        assert observe(arena, 464, AT_FDCWD, path, 0, name, values, 16)[1] == 200


def test_groups(arena: Arena) -> None:
    count = len(os.getgroups())
    assert observe(arena, 115, 0, arena.room(4096)) == (count, 0)
    assert observe(arena, 115, 512, arena.room(4096))[0] == count


@pytest.fixture
def dead_child() -> Iterator[int]:
    pid = os.fork()
    if not pid:
        os._exit(7)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    yield pid
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def test_wait4(arena: Arena, dead_child: int) -> None:
    result, changed = observe(arena, 61, dead_child, arena.room(64), 0, arena.room(256))
    assert result == dead_child
    assert changed > 100


def test_waitid(arena: Arena, dead_child: int) -> None:
    assert observe(arena, 247, 1, dead_child, arena.room(256), os.WEXITED, arena.room(256))[1] > 20
    # The siginfo is written although there is nobody to wait for.
    assert observe(arena, 247, 1, dead_child, arena.room(256), os.WEXITED, 0, expect=errno.ECHILD)[1]


def test_signals_waited_for(arena: Arena) -> None:
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        assert observe(arena, 127, arena.room(64), 8)[1]
        assert observe(arena, 128, arena.put(SIGUSR1_SET), arena.room(256), 0, 8)[0] == signal.SIGUSR1
        descriptor, _ = observe(arena, 289, -1, arena.put(SIGUSR1_SET), 8, 0)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        assert observe(arena, 0, descriptor, arena.room(512), 500)[0] == 128
        os.close(descriptor)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, previous)


@pytest.fixture
def interruption() -> Iterator[Callable[[], None]]:
    """Arms a timer whose signal interrupts a call of this thread."""
    previous = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, True)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


def test_interrupted_sleeps(arena: Arena, interruption: Callable[[], None]) -> None:
    ten_seconds = struct.pack("<qq", 10, 0)
    interruption()
    assert observe(arena, 35, arena.put(ten_seconds), arena.room(64), expect=errno.EINTR)[1]
    interruption()
    assert observe(arena, 230, 1, 0, arena.put(ten_seconds), arena.room(64), expect=errno.EINTR)[1]


def test_interrupted_polls(arena: Arena, interruption: Callable[[], None], pair: tuple[int, int]) -> None:
    polled = struct.pack("<iHH", pair[0], 1, 0x7777)
    ten_seconds = struct.pack("<qq", 10, 0)
    interruption()
    observe(arena, 7, arena.put(polled), 1, 10000, expect=errno.EINTR)
    interruption()
    assert observe(arena, 271, arena.put(polled), 1, arena.put(ten_seconds), 0, 8, expect=errno.EINTR)[1]
    interruption()
    reading = arena.put(struct.pack("<Q", 1 << pair[0]))
    assert observe(arena, 23, pair[0] + 1, reading, 0, 0, arena.put(ten_seconds), expect=errno.EINTR)[1]
    interruption()
    assert observe(arena, 270, pair[0] + 1, reading, 0, 0, arena.put(ten_seconds), 0, expect=errno.EINTR)[1]


def test_polls(arena: Arena, pair: tuple[int, int]) -> None:
    polled = struct.pack("<iHHiHH", pair[0], 1, 0x7777, pair[1], 4, 0x7777)
    second = struct.pack("<qq", 1, 0)
    assert observe(arena, 7, arena.put(polled), 2, 0)[0] == 1
    assert observe(arena, 271, arena.put(polled), 2, arena.put(second), 0, 8)[0] == 1
    everything = b"\xff" * 8 + bytes(24)
    few = os.dup2(pair[1], 3 + max(pair)) and max(pair) + 4
    mask = arena.put(struct.pack("<Q", 1 << pair[1] | 1 << pair[0]) + everything[8:])
    assert observe(arena, 23, few, mask, arena.put(struct.pack("<Q", 1 << pair[1])), 0, arena.put(second))[0] == 1
    assert observe(arena, 270, few, mask, arena.put(struct.pack("<Q", 1 << pair[1])), 0, arena.put(second), 0)[0] == 1
    os.close(few - 1)
    high = os.dup2(pair[1], 200)
    writable = arena.put(bytes(25) + bytes([1]) + bytes(6))
    assert observe(arena, 23, 201, arena.room(32) and 0, writable, 0, arena.put(second))[0] == 1
    os.close(high)


def test_epoll(arena: Arena, pair: tuple[int, int]) -> None:
    poller = select.epoll()
    poller.register(pair[1], select.EPOLLOUT)
    os.write(pair[1], b"x")
    poller.register(pair[0], select.EPOLLIN)
    assert observe(arena, 232, poller.fileno(), arena.room(200), 10, 0)[0] == 2
    assert observe(arena, 281, poller.fileno(), arena.room(200), 1, 0, 0, 8)[0] == 1
    if system_call(441, (poller.fileno(), arena.room(200), 10, 0, 0, 8)) != -errno.ENOSYS:
        assert observe(arena, 441, poller.fileno(), arena.room(200), 10, 0, 0, 8)[0] == 2
    poller.close()


def test_descriptors_that_are_events(arena: Arena, tmp_path: Path) -> None:
    counter, _ = observe(arena, 290, 5, 0)
    assert observe(arena, 0, counter, arena.room(64), 64)[0] == 8
    watcher, _ = observe(arena, 294, 0o4000)
    observe(arena, 254, watcher, arena.put(bytes(tmp_path) + b"\0"), 0x100)
    (tmp_path / "made").touch()
    assert observe(arena, 0, watcher, arena.room(512), 500)[0] > 16
    timer, _ = observe(arena, 283, 1, 0)
    soon = struct.pack("<qqqq", 1, 0, 0, 1000)
    assert observe(arena, 286, timer, 0, arena.put(soon), arena.room(64))[1]
    assert observe(arena, 287, timer, arena.room(64))[1]
    assert observe(arena, 0, timer, arena.room(64), 8)[0] == 8
    for descriptor in (counter, watcher, timer):
        os.close(descriptor)


def test_timers(arena: Arena) -> None:
    made = arena.room(64)
    silent = struct.pack("<QiiQ", 0, 0, 1, 0) + bytes(40)
    observe(arena, 222, 1, arena.put(silent), made)
    (timer,) = struct.unpack("<i", arena.memory.read(made, 4))
    later = struct.pack("<qqqq", 0, 0, 100, 0)
    assert observe(arena, 223, timer, 0, arena.put(later), arena.room(64))[1]
    assert observe(arena, 224, timer, arena.room(64))[1]
    observe(arena, 226, timer)


def test_locks(arena: Arena, tmp_path: Path) -> None:
    with open(tmp_path / "locked", "w+b") as file:
        ready, go = os.pipe(), os.pipe()
        pid = os.fork()
        if not pid:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            os._exit(0)
        os.read(ready[0], 1)
        wanted = struct.pack("<hhxxxxqqixxxx", fcntl.F_WRLCK, 0, 0, 0, 0)
        assert observe(arena, 72, file.fileno(), 5, arena.put(wanted))[1]
        assert observe(arena, 72, file.fileno(), 36, arena.put(wanted))[1]
        assert observe(arena, 72, file.fileno(), 16, arena.room(64))[1]
        assert observe(arena, 72, file.fileno(), 17, arena.room(64))[1]
        assert observe(arena, 72, file.fileno(), 1035, arena.room(64))[1]
        os.write(go[1], b"x")
        os.waitpid(pid, 0)
        for descriptor in (*ready, *go):
            os.close(descriptor)


def test_a_robust_futex_word(arena: Arena) -> None:
    word = arena.put(struct.pack("<I", 0))
    assert observe(arena, 202, word, 6 | 128, 0, 0)[1]
    observe(arena, 202, word, 7 | 128, 0, 0)
    flag = arena.put(struct.pack("<I", 1))
    # FUTEX_OP_ADD 1 on the second word, compared with 0.
    assert observe(arena, 202, word, 5 | 128, 1, 1, flag, 1 << 28 | 1 << 12)[1] == 1


def test_memory_of_another(arena: Arena) -> None:
    remote = arena.put(struct.pack("<QQ", arena.put(b"there" * 20), 100))
    assert observe(arena, 310, os.getpid(), arena.vectors(30, 50), 2, remote, 1, 0)[0] == 80
    assert observe(arena, 279, 0, 2, arena.put(struct.pack("<QQ", arena.address, 0)), 0, arena.room(64), 0)[1]


def test_mounts_and_modules(arena: Arena) -> None:
    request = struct.pack("<IIQQ", 24, 0, 0xFFFFFFFFFFFFFFFF, 0)
    if system_call(458, (arena.put(request), arena.room(800), 100, 0)) >= 0:
        assert observe(arena, 458, arena.put(request), arena.room(800), 100, 0)[1]
        listed = arena.room(8)
        observe(arena, 458, arena.put(request), listed, 1, 0)
        (mount,) = struct.unpack("<Q", arena.memory.read(listed, 8))
        about = struct.pack("<IIQQ", 24, 0, mount, 0x3F)
        assert observe(arena, 457, arena.put(about), arena.room(4096), 4096, 0)[1]
    if system_call(461, (arena.room(800), arena.put(struct.pack("<I", 800)), 0)) >= 0:
        assert observe(arena, 461, arena.room(800), arena.put(struct.pack("<I", 800)), 0)[1]
        observe(arena, 461, arena.room(800), arena.put(struct.pack("<I", 1)), 0, expect=errno.E2BIG)


def test_capabilities_of_an_unknown_version(arena: Arena) -> None:
    observe(arena, 125, arena.put(struct.pack("<Ii", 1, 0)), arena.room(64), expect=errno.EINVAL)


def test_clock_settings_refused(arena: Arena) -> None:
    bad = struct.pack("<I", 0x8000) + bytes(204)
    result = system_call(159, (arena.put(bad),))
    assert result < 0
    observe(arena, 159, arena.put(bad), expect=-result)
    observe(arena, 305, 0, arena.put(bad), expect=-result)


def test_terminal_reads_after_the_end(arena: Arena) -> None:
    controlling, terminal = os.openpty()
    os.close(terminal)
    observe(arena, 0, controlling, arena.room(200), 100, expect=errno.EIO)
    os.close(controlling)


def test_keys_and_log(arena: Arena) -> None:
    keyring = struct.unpack("<I", struct.pack("<i", -3))[0]
    made = system_call(248, (arena.put(b"user\0"), arena.put(b"redrive-test\0"), arena.put(b"secret"), 6, keyring))
    if made < 0:
        pytest.skip("no keys here")
    assert observe(arena, 250, 11, made, arena.room(64), 64) == (6, 6)
    assert observe(arena, 250, 11, made, arena.room(64), 3)[0] == 6
    assert observe(arena, 250, 6, made, arena.room(256), 200)[1]
    observe(arena, 250, 31, arena.room(64), 32)
    observe(arena, 250, 3, made)


def test_a_blocked_read_filled_by_another_thread(arena: Arena, pair: tuple[int, int]) -> None:
    def later() -> None:
        time.sleep(0.05)
        os.write(pair[1], b"late")

    writer = threading.Thread(target=later)
    writer.start()
    assert observe(arena, 0, pair[0], arena.room(64), 64) == (4, 4)
    writer.join()


def test_the_arena_notices_what_a_row_misses(arena: Arena) -> None:
    """The check itself: what reading leaves behind is not what a stat's row names."""
    before = arena.bytes()
    ctypes.memset(arena.address + 5000, 0, 3)
    changed = list(differences(before, arena.bytes(), arena.address))
    assert changed == [arena.address + 5000 + offset for offset in range(3)]
    assert len(uncovered(changed, [(arena.address + 5000, 2)])) == 1
