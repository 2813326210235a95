"""A second lock on the replayed program's door: a seccomp filter that kills it for any syscall that does happen.

And what it may use of the machine without any: memory, which is all that code can take by itself.

PTRACE_SYSEMU already skips them all.  From Linux 4.8 on that comes before seccomp, so only a syscall that escaped it
could meet this filter; the runner of the stub, by which replay makes its own calls, is let through by its address.
"""

from __future__ import annotations

import resource
import struct
from contextlib import suppress
from pathlib import Path

from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.inherited_filter import inherits_filter
from redrive.tracee.remote_calls import SCRATCH_ADDRESS, Call, RemoteCallFailed, run
from redrive.tracee.seccomp_filter import program
from redrive.tracee.tracee import Tracee

_PRCTL, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 157, 22, 2
_SECCOMP, _SET_MODE_FILTER, _SPEC_ALLOW = 317, 1, 4
"""As in native/spawn_tracee.c: without the flag, which came with Linux 4.17, some kernels take speculation away."""
_RET_KILL, _RET_ALLOW = 0, 0x7FFF_0000
_LOAD_WORD, _JUMP_EQUAL, _JUMP_ABOVE_OR_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
# Offsets in struct seccomp_data (linux/seccomp.h).
_POINTER_LOW, _POINTER_HIGH = 8, 12
_VSYSCALL_HIGH = 0xFFFF_FFFF

_FILTER = program(
    (_LOAD_WORD, 0, 0, _POINTER_HIGH),
    # The vsyscall page, for which replay_filter makes a stop.
    (_JUMP_EQUAL, 4, 0, _VSYSCALL_HIGH),
    (_JUMP_EQUAL, 0, 4, 0),
    (_LOAD_WORD, 0, 0, _POINTER_LOW),
    (_JUMP_ABOVE_OR_EQUAL, 0, 2, AGENT_ADDRESS),
    (_JUMP_ABOVE_OR_EQUAL, 1, 0, AGENT_ADDRESS + AGENT_LENGTH),
    (_RETURN, 0, 0, _RET_ALLOW),
    (_RETURN, 0, 0, _RET_KILL),
)

_NOTHING = (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE)
_FIRST_TO_GO = "1000"
"""proc(5): of all processes, the kernel ends one with this first when memory runs out."""


def limit(tracee: Tracee) -> None:
    """Limits for the first tracee, which all others inherit.  No recorded limit is among them: no syscall asks."""
    for kind in _NOTHING:
        with suppress(OSError):
            resource.prlimit(tracee.tid, kind, (0, 0))
    with suppress(OSError):
        Path(f"/proc/{tracee.tid}/oom_score_adj").write_text(_FIRST_TO_GO)


def confine(tracee: Tracee) -> None:
    """Put the filter on a tracee that holds the stub, and on all that come of it."""
    header = struct.pack("<HxxxxxxQ", len(_FILTER) // 8, SCRATCH_ADDRESS + 16)
    tracee.write(SCRATCH_ADDRESS, header + _FILTER)
    by_prctl = Call(_PRCTL, (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, SCRATCH_ADDRESS))
    if inherits_filter():
        run(tracee, [by_prctl])
        return
    try:
        run(tracee, [Call(_SECCOMP, (_SET_MODE_FILTER, _SPEC_ALLOW, SCRATCH_ADDRESS))])
    except RemoteCallFailed:
        run(tracee, [by_prctl])
