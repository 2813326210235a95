"""Reads and writes that are asked for fewer bytes than the program wants: the kernel might have moved no more.

Only where it might: a program that relies on what POSIX promises must go on as ever.  So neither files nor messages,
and no blocking write, which moves everything unless a signal comes (POSIX write(); socket(7), pipe(7), tty(4)).
"""

from __future__ import annotations

import os
import stat
import termios
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from redrive.recorder.chaos import Chaos
from redrive.recorder.descriptor_info import descriptor_info
from redrive.recorder.task import OpenCall, Task
from redrive.tracee import proc_file
from redrive.tracee import registers as regs

COUNT = 2
"""The argument of all these calls that says how much, and its register."""
COUNT_REGISTER = "rdx"
_PIPE_BUF = 4096
_MSG_OOB, _MSG_TRUNC, _MSG_DONTWAIT, _MSG_WAITALL, _MSG_ERRQUEUE = 0x1, 0x20, 0x40, 0x100, 0x2000
_WHOLE = _MSG_OOB | _MSG_TRUNC | _MSG_WAITALL | _MSG_ERRQUEUE
"""Flags of a recv or send that say more about the bytes than that they are a stream."""
_PSEUDO_TERMINALS = range(136, 144)
"""Device numbers of /dev/pts (Documentation/admin-guide/devices.txt)."""
_LOCAL_FLAGS, _CONTROL_CHARACTERS = 3, 6
_SOCK_STREAM = "0001"


@dataclass(frozen=True)
class _Transfer:
    """What is to be known of a call: its direction, where its flags are, and whether it counts vectors, not bytes."""

    writes: bool
    flags: int | None = None
    vectors: bool = False


TRANSFERS = {
    "read": _Transfer(writes=False),
    "write": _Transfer(writes=True),
    "readv": _Transfer(writes=False, vectors=True),
    "writev": _Transfer(writes=True, vectors=True),
    "recvfrom": _Transfer(writes=False, flags=3),
    "sendto": _Transfer(writes=True, flags=3),
}


class ShortTransfers:
    """Shortens the calls of one recording as its chaos wants it."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self._streams: dict[int, bool] = {}
        """Inode of a socket: whether it is a stream.  The kernel counts them up and begins again after 2**32."""

    def shorten(self, task: Task, call: OpenCall) -> None:
        """Before a call runs: perhaps have it run with a smaller count, which the program's register gets back."""
        assert call.syscall is not None
        transfer = TRANSFERS.get(call.syscall.name)
        count = call.arguments[COUNT]
        # Another's filter, which may act upon the count, must see the program's.
        if transfer is None or task.process.filtered or count < 2 or not self._chaos.shorten_now():
            return
        least = self._least(task.tid, transfer, call.arguments)
        if least is None or least >= count:
            return
        shorter = self._chaos.short_count(count, least)
        task.tracee.set_registers(regs.replace(call.entry, **{COUNT_REGISTER: shorter}))
        call.changed = COUNT_REGISTER

    def _least(self, tid: int, transfer: _Transfer, arguments: Sequence[int]) -> int | None:
        """The smallest count that the kernel might have moved; None where it moves all there is."""
        descriptor = arguments[0] & 0xFFFF_FFFF
        flags = 0 if transfer.flags is None else arguments[transfer.flags]
        if flags & _WHOLE:
            return None
        with suppress(OSError, ValueError):
            status = os.stat(f"/proc/{tid}/fd/{descriptor}")
            if transfer.writes and not flags & _MSG_DONTWAIT and not _is_nonblocking(tid, descriptor):
                return None
            if stat.S_ISSOCK(status.st_mode):
                return 1 if self._is_stream(tid, status.st_ino) else None
            if transfer.vectors:
                return None
            if stat.S_ISFIFO(status.st_mode):
                return _least_of_pipe(transfer, arguments[COUNT])
            if stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) in _PSEUDO_TERMINALS:
                return 1 if transfer.writes or _gives_single_bytes(tid, descriptor) else None
        return None

    def _is_stream(self, tid: int, inode: int) -> bool:
        if inode not in self._streams:
            self._streams[inode] = any(inode in listed(tid) for listed in (_unix_streams, _tcp_sockets))
        return self._streams[inode]


def _least_of_pipe(transfer: _Transfer, count: int) -> int | None:
    """What is written in one piece of PIPE_BUF bytes at most stays in one piece, and a reader may rely on that.

    A reader that asks for more cannot know how many pieces it gets, so it has to take them for a stream.
    """
    if count <= _PIPE_BUF:
        return None
    return 1 if transfer.writes else _PIPE_BUF


def _is_nonblocking(tid: int, descriptor: int) -> bool:
    return bool(descriptor_info(tid, descriptor).flags & os.O_NONBLOCK)


def _gives_single_bytes(tid: int, descriptor: int) -> bool:
    """Whether a terminal gives bytes as they are typed, and not lines: termios(3)."""
    own = os.open(f"/proc/{tid}/fd/{descriptor}", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        attributes = termios.tcgetattr(own)
    except termios.error:
        return False
    finally:
        os.close(own)
    if attributes[_LOCAL_FLAGS] & termios.ICANON:
        return False
    least = attributes[_CONTROL_CHARACTERS][termios.VMIN]
    return least in (b"\0", b"\1", 0, 1)


def _unix_streams(tid: int) -> set[int]:
    """/proc/net/unix: Num RefCount Protocol Flags Type St Inode Path."""
    rows = _rows(tid, "unix")
    return {int(row[6]) for row in rows if row[4] == _SOCK_STREAM}


def _tcp_sockets(tid: int) -> set[int]:
    """/proc/net/tcp and tcp6 have the inode in their tenth column (Documentation/networking/proc_net_tcp.rst)."""
    return {int(row[9]) for name in ("tcp", "tcp6") for row in _rows(tid, name)}


def _rows(tid: int, name: str) -> list[list[str]]:
    try:
        text = proc_file.read_text(f"/proc/{tid}/net/{name}")
    except OSError:
        return []
    return [line.split() for line in text.splitlines()[1:]]
