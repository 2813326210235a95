"""The stub: the tiny program that every replayed process starts as, before its recorded address space replaces it."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Sequence

from redrive.replayer.anonymous_file import create_anonymous_program
from redrive.replayer.errors import ReplayError
from redrive.tracee import ptrace
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.errors import SpawnFailed
from redrive.tracee.mappings import PAGE, USER_END
from redrive.tracee.remote_calls import (
    LIST_ADDRESS,
    RUNNER_ADDRESS,
    RUNNER_CODE,
    SCRATCH_ADDRESS,
    Call,
    begin,
    leave,
    run,
)
from redrive.tracee.seccomp_filter import replay_filter
from redrive.tracee.spawn import ADDR_NO_RANDOMIZE, SpawnOptions, spawn
from redrive.tracee.tracee import Tracee

CLOSE, DUP2, RECVMSG, EXECVE, MUNMAP = 3, 33, 47, 59, 11
_OPTIONS = (
    ptrace.Option.TRACESYSGOOD
    | ptrace.Option.TRACEFORK
    | ptrace.Option.TRACECLONE
    | ptrace.Option.TRACEEXEC
    | ptrace.Option.TRACESECCOMP
    | ptrace.Option.EXITKILL
)
"""Fewer than a spawned tracee begins with: each further one would be a stop that tells replay nothing."""

_SOCKET, _STUB = 100, 101
"""The two descriptors of every tracee."""
DESCRIPTORS_AT_ONCE = 200
"""Below SCM_MAX_FD of net/scm.h."""
_CONTROL_HEADER = struct.Struct("<QII")
_MESSAGE_ADDRESS = SCRATCH_ADDRESS
_BYTE_ADDRESS = SCRATCH_ADDRESS + 0x60
_CONTROL_ADDRESS = SCRATCH_ADDRESS + 0x80
_PATH_ADDRESS = SCRATCH_ADDRESS
_ARGUMENTS_ADDRESS = SCRATCH_ADDRESS + 0x40
_ENVIRONMENT_ADDRESS = SCRATCH_ADDRESS + 0x48
_MSG_CMSG_CLOEXEC = 0x4000_0000

UNMAP_ALL_ELSE = (
    Call(MUNMAP, (0, AGENT_ADDRESS)),
    Call(MUNMAP, (AGENT_ADDRESS + AGENT_LENGTH, USER_END - AGENT_ADDRESS - AGENT_LENGTH)),
)
"""What makes an address space with nothing but the stub of one that has just been executed."""


def stub_image() -> bytes:
    """The stub as an ELF executable of two segments, code and data (System V ABI, chapters 4 and 5)."""
    code_flags, data_flags = 4 | 1, 4 | 2
    load, stack = 1, 0x6474_E551
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        *(2, 62, 1, RUNNER_ADDRESS, 64, 0, 0, 64, 56, 3, 0, 0, 0),
    )
    segments = (
        (load, code_flags, 0, AGENT_ADDRESS, PAGE, PAGE),
        (load, data_flags, PAGE, LIST_ADDRESS, PAGE, AGENT_LENGTH - PAGE),
        # Without it the kernel would make every readable mapping executable.
        (stack, data_flags, 0, 0, 0, 0),
    )
    table = b"".join(
        struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, size, memory_size, PAGE)
        for kind, flags, offset, address, size, memory_size in segments
    )
    first_page = (header + table).ljust(RUNNER_ADDRESS - AGENT_ADDRESS, b"\0") + RUNNER_CODE
    return first_page.ljust(2 * PAGE, b"\0")


class Stub:
    """Starts and restarts tracees as the stub, and hands them descriptors through a socket they all share."""

    def __init__(self) -> None:
        self._file = create_anonymous_program("stub", stub_image())
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A number that none of those in install_descriptors is.
        self._theirs = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, 10)
        theirs.close()

    def start(self) -> Tracee:
        """The first tracee, stopped.  Raises ReplayError when it cannot be started."""
        options = SpawnOptions(
            filter=replay_filter(),
            personality=ADDR_NO_RANDOMIZE,
            trap_tsc=True,
            # The terminal's signals are for the replayer.
            new_session=True,
            no_network=True,
            keep_descriptor=self._theirs,
        )
        try:
            spawned = spawn(f"/proc/self/fd/{self._file}", [b"redrive-replay"], [], options)
        except SpawnFailed as error:
            raise ReplayError(f"no process to replay in can be started: {os.strerror(error.errno)}") from error
        tracee = Tracee(spawned.tid)
        tracee.wait()
        failure = spawned.failure()
        if failure is not None or tracee.stop.status >> 16 != ptrace.EVENT_EXEC:
            if os.WIFSTOPPED(tracee.stop.status):
                tracee.step(ptrace.CONT)
            reason = os.strerror(failure.errno) if failure else "it died at once"
            raise ReplayError(f"the process to replay in cannot be prepared: {reason}")
        tracee.set_options(_OPTIONS)
        self._install_descriptors(tracee)
        return tracee

    def execute(self, tracee: Tracee, leader: int) -> None:
        """Give a task a new address space, that of the stub, by execve; it is then at PTRACE_EVENT_EXEC.

        ``leader`` is the tid of its process's leader, which it has from then on.
        """
        # /proc/self/fd is that of the leader, and empty once it has exited.
        path = f"/proc/self/task/{tracee.tid}/fd/{_STUB}".encode()
        scratch = path.ljust(_ARGUMENTS_ADDRESS - _PATH_ADDRESS, b"\0") + struct.pack("<QQ", _PATH_ADDRESS, 0)
        tracee.write(SCRATCH_ADDRESS, scratch)
        calls = [Call(EXECVE, (_PATH_ADDRESS, _ARGUMENTS_ADDRESS, _ENVIRONMENT_ADDRESS))]
        if leader == tracee.tid:
            begin(tracee, calls)
        else:
            leave(tracee, calls)
            tracee.tid = leader
            tracee.wait()
        if tracee.stop.status >> 16 != ptrace.EVENT_EXEC:
            raise ReplayError("a tracee could not execute the stub again")

    def hand_over(self, tracee: Tracee, descriptors: Sequence[int]) -> Call:
        """The call with which a task receives descriptors; ``received`` says where it then finds their numbers."""
        control_length = _CONTROL_HEADER.size + 4 * len(descriptors)
        message = struct.pack(
            "<7Q", *(0, 0, _MESSAGE_ADDRESS + 0x40, 1, _CONTROL_ADDRESS, control_length, 0)
        ) + struct.pack("<8xQQ", _BYTE_ADDRESS, 1)
        tracee.write(_MESSAGE_ADDRESS, message)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        try:
            self._ours.sendmsg([b"\0"], [rights])
        except OSError as error:
            raise ReplayError(f"files cannot be handed to a tracee: {error.strerror}") from error
        return Call(RECVMSG, (_SOCKET, _MESSAGE_ADDRESS, _MSG_CMSG_CLOEXEC))

    @staticmethod
    def received(index: int) -> int:
        """The address of the number of the index-th descriptor that the latest hand_over's call received."""
        return _CONTROL_ADDRESS + _CONTROL_HEADER.size + 4 * index

    def close(self) -> None:
        """Close the stub's file and the socket."""
        os.close(self._file)
        os.close(self._theirs)
        self._ours.close()

    def _install_descriptors(self, tracee: Tracee) -> None:
        receive = self.hand_over(tracee, [self._file])._replace(arguments=(self._theirs, _MESSAGE_ADDRESS, 0))
        received = self.received(0)
        calls = [
            receive,
            Call(DUP2, (received, _STUB), loaded=1),
            Call(DUP2, (self._theirs, _SOCKET)),
            Call(CLOSE, (received,), loaded=1),
            *(Call(CLOSE, (number,), may_fail=True) for number in (0, 1, 2, self._theirs)),
        ]
        run(tracee, calls)
