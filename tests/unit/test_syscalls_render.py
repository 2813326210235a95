"""Lines for people."""

from __future__ import annotations

import struct

import pytest

from redrive.tracee.syscalls import MemoryFault, error_text, find, render, unknown_render


class Pieces:
    """Memory that holds a few pieces."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self.pieces = pieces

    def read(self, address: int, length: int) -> bytes:
        for start, data in self.pieces.items():
            if start <= address and address + length <= start + len(data):
                return data[address - start : address - start + length]
        raise MemoryFault(address)


def line(number: int, arguments: list[int], result: int | None, pieces: dict[int, bytes] | None = None) -> str:
    arguments = [value & 2**64 - 1 for value in arguments] + [0] * (6 - len(arguments))
    row = find(number, arguments)
    assert row is not None
    return render(row, arguments, result, row.inputs(arguments, Pieces(pieces or {})))


PASSWD = {0x1000: b"/etc/passwd\0".ljust(4096, b"x")}
ESCAPES = {0x1000: b'\x1b[31m"\\\n\xff\0'.ljust(4096, b"x")}
INET = {0x1000: struct.pack("<H", 2) + struct.pack(">H4s", 443, bytes([127, 0, 0, 1])) + bytes(8)}
UNIX = {0x1000: struct.pack("<H", 1) + b"/run/socket\0"}
ABSTRACT = {0x1000: struct.pack("<H", 1) + b"\0hidden"}

LINES = [
    (257, [-100, 0x1000, 0o2000000, 0], 3, PASSWD, 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC, 00) = 3'),
    (257, [-100, 0x1000, 0o102, 0o644], 3, PASSWD, 'openat(AT_FDCWD, "/etc/passwd", O_RDWR|O_CREAT, 0644) = 3'),
    (21, [0x1000, 4], -2, PASSWD, 'access("/etc/passwd", R_OK) = -1 ENOENT (No such file or directory)'),
    (21, [0x1000, 0], 0, PASSWD, 'access("/etc/passwd", F_OK) = 0'),
    (87, [0x1000], 0, ESCAPES, r'unlink("\x1b[31m\"\\\n\xff") = 0'),
    (87, [0x5000], -14, {}, "unlink(0x5000) = -1 EFAULT (Bad address)"),
    (87, [0], -14, {}, "unlink(NULL) = -1 EFAULT (Bad address)"),
    (
        0,
        [0, 0x1000, 10],
        -512,
        {},
        "read(0, 0x1000, 10) = ? ERESTARTSYS (restarted unless a handler without SA_RESTART runs)",
    ),
    (1, [1, 0x1000, 4], 4, {0x1000: b"text"}, 'write(1, "text", 4) = 4'),
    (16, [0, 0x5401, 0x2000], -25, {}, "ioctl(0, TCGETS, 0x2000) = -1 ENOTTY (Inappropriate ioctl for device)"),
    (
        16,
        [0, 0x80285A01, 0x2000],
        0,
        {},
        "ioctl(0, _IOC(_IOC_READ, 0x5a, 0x1, 0x28), 0x2000) = 0",
    ),
    (72, [3, 4, 0o4001], 0, {}, "fcntl(3, F_SETFL, O_WRONLY|O_NONBLOCK) = 0"),
    (72, [3, 3], 0o100002, {}, "fcntl(3, F_GETFL) = O_RDWR|O_LARGEFILE"),
    (202, [0x1000, 128, 2, 0], 0, {}, "futex(0x1000, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 2, NULL) = 0"),
    (
        9,
        [0, 4096, 3, 0x22, -1, 0],
        0x7F0000000000,
        {},
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
    ),
    (
        9,
        [0, 4096, 0, 1, 3, 0],
        -12,
        {},
        "mmap(NULL, 4096, PROT_NONE, MAP_SHARED, 3, 0) = -1 ENOMEM (Cannot allocate memory)",
    ),
    (
        56,
        [0x01200011, 0, 0, 0x1000, 0],
        7,
        {},
        "clone(SIGCHLD|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID, NULL, NULL, 0x1000, 0) = 7",
    ),
    (61, [-1, 0, 1 | 0x40000000, 0], 0, {}, "wait4(-1, NULL, WNOHANG|__WALL, NULL) = 0"),
    (62, [5, 9], 0, {}, "kill(5, SIGKILL) = 0"),
    (62, [5, 0], 0, {}, "kill(5, 0) = 0"),
    (41, [2, 0o2000001, 6], 4, {}, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 6) = 4"),
    (42, [4, 0x1000, 16], 0, INET, "connect(4, {AF_INET, 127.0.0.1:443}, 16) = 0"),
    (42, [4, 0x1000, 14], 0, UNIX, 'connect(4, {AF_UNIX, "/run/socket"}, 14) = 0'),
    (42, [4, 0x1000, 9], 0, ABSTRACT, 'connect(4, {AF_UNIX, "@hidden"}, 9) = 0'),
    (8, [3, -5, 2], 10, {}, "lseek(3, -5, SEEK_END) = 10"),
    (35, [0x1000, 0], 0, {0x1000: struct.pack("<qq", 1, 5)}, "nanosleep(1.000000005, NULL) = 0"),
    (7, [0x1000, 1, -1], 1, {0x1000: struct.pack("<iHH", 3, 5, 0)}, "poll([3:POLLIN|POLLOUT], 1, -1) = 1"),
    (
        14,
        [0, 0x1000, 0, 8],
        0,
        {0x1000: struct.pack("<Q", 1 << 1 | 1 << 16)},
        "rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0",
    ),
    (14, [2, 0x1000, 0, 8], 0, {0x1000: b"\xff" * 8}, "rt_sigprocmask(SIG_SETMASK, ~[], NULL, 8) = 0"),
    (231, [1], None, {}, "exit_group(1)"),
    (157, [15, 0x1000], 0, {0x1000: b"worker\0".ljust(4096, b"x")}, 'prctl(PR_SET_NAME, "worker") = 0'),
    (28, [0x1000, 4096, 4], 0, {}, "madvise(0x1000, 4096, MADV_DONTNEED) = 0"),
    (
        59,
        [0x1000, 0x2000, 0],
        0,
        {**PASSWD, 0x2000: struct.pack("<QQ", 0x1000, 0)},
        'execve("/etc/passwd", ["/etc/passwd"], NULL) = 0',
    ),
    (
        20,
        [1, 0x2000, 2],
        3,
        {0x1000: b"abc", 0x2000: struct.pack("<QQQQ", 0x1000, 1, 0x1001, 2)},
        'writev(1, "abc", 2) = 3',
    ),
]


@pytest.mark.parametrize(("number", "arguments", "result", "pieces", "expected"), LINES)
def test_lines(number: int, arguments: list[int], result: int | None, pieces: dict[int, bytes], expected: str) -> None:
    assert line(number, arguments, result, pieces) == expected


def test_a_text_at_the_end_of_memory() -> None:
    assert line(87, [0x1FFA], 0, {0x1000: bytes(0xFFA) + b"uncut!"}) == 'unlink("uncut!") = 0'
    assert line(87, [0x1FFA], 0, {0x1000: b"x" * 0x1000, 0x2000: b"tail\0" + bytes(4091)}) == 'unlink("xxxxxxtail") = 0'


def test_unknown_calls() -> None:
    assert unknown_render(400, [1, 2, 3, 4, 5, 0xFF], -38) == (
        "syscall_400(0x1, 0x2, 0x3, 0x4, 0x5, 0xff) = -1 ENOSYS (Function not implemented)"
    )
    assert unknown_render(72, [1, 2, 3, 4, 5, 6], None) == "fcntl(0x1, 0x2, 0x3, 0x4, 0x5, 0x6)"


def test_errors() -> None:
    assert error_text(4) == "EINTR (Interrupted system call)"
    assert error_text(3000) == "errno 3000"
