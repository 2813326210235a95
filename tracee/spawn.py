"""Starting a tracee: seized by its tracer, under a seccomp filter, before its first instruction."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from redrive.tracee import ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.errors import SpawnFailed
from redrive.tracee.inheritance import Inheritance
from redrive.tracee.inherited_filter import inherits_filter

ADDR_NO_RANDOMIZE = 0x0040000


class SpawnOptions(NamedTuple):
    """How a tracee is prepared between fork and execve.

    ``filter`` is a BPF program (redrive.tracee.seccomp_filter) or None; ``personality`` a value for
    personality(2) or None; ``no_network`` asks for a network namespace of its own; ``keep_descriptor`` is the one
    descriptor the program inherits that is close-on-exec here.
    ``probe_calls`` are the syscalls a child without a program makes; ``inheritance`` is what execve passes on.
    """

    filter: bytes | None
    personality: int | None = None
    trap_tsc: bool = True
    new_session: bool = False
    no_network: bool = False
    keep_descriptor: int | None = None
    probe_calls: tuple[int, int] = (-1, -1)
    inheritance: Inheritance = Inheritance()


class Spawned(NamedTuple):
    """A tracee on its way to execve, and the pipe on which it would say that it failed."""

    tid: int
    path: str
    error_descriptor: int

    def failure(self) -> SpawnFailed | None:
        """Why the program could not be started, once the child has exited; closes the pipe."""
        data = os.read(self.error_descriptor, 4)
        os.close(self.error_descriptor)
        return SpawnFailed(self.path, int.from_bytes(data, "little")) if data else None


def spawn(path: str | None, arguments: Sequence[bytes], environment: Sequence[bytes], options: SpawnOptions) -> Spawned:
    """Fork, seize the child and let it go on to its execve; without a path, to its probe calls.

    Raises SpawnFailed when it cannot be forked or seized.
    """
    keep = [ffi.new("char[]", text) for text in (*arguments, *environment)]
    argv = ffi.new("char *[]", [*keep[: len(arguments)], ffi.NULL])
    envp = ffi.new("char *[]", [*keep[len(arguments) :], ffi.NULL])
    request = ffi.new("struct redrive_spawn *")
    name = ffi.new("char[]", os.fsencode(path)) if path is not None else ffi.NULL
    request.path, request.arguments, request.environment = name, argv, envp
    program = ffi.from_buffer(options.filter) if options.filter else ffi.NULL
    request.filter, request.filter_length = program, len(options.filter or b"") // 8
    # A filter that is there already, a container's or a sandbox's, may kill for a call that it does not know.
    unfiltered = not inherits_filter()
    request.spec_allow = unfiltered
    request.personality = -1 if options.personality is None else options.personality
    request.trap_tsc = options.trap_tsc
    request.new_session = options.new_session
    request.no_network = options.no_network and unfiltered
    request.user_namespace = options.no_network and not _confines_user_namespaces()
    request.keep_descriptor = -1 if options.keep_descriptor is None else options.keep_descriptor
    request.probe_calls = options.probe_calls
    request.blocked = _signal_set(options.inheritance.blocked)
    request.ignored = _signal_set(options.inheritance.ignored)
    request.timers = [[round(seconds * 1e6) for seconds in timer] for timer in options.inheritance.timers]
    request.options = int(ptrace.ALL_OPTIONS)
    error_descriptor = ffi.new("int *")
    tid = lib.redrive_spawn(request, error_descriptor)
    if tid < 0:
        raise SpawnFailed(path or "a probe", -tid)
    return Spawned(tid, path or "", int(error_descriptor[0]))


def _confines_user_namespaces() -> bool:
    """Whether AppArmor puts whoever makes a user namespace under a profile, as Ubuntu has it from 23.10 on.

    That may keep the process from executing and mapping what has no path, as all that it replays has none.
    """
    try:
        return Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").read_text().strip() != "0"
    except OSError:
        return False


def _signal_set(numbers: Iterable[int]) -> int:
    return sum(1 << number - 1 for number in numbers)
