"""The child on which a kernel's stops are tried out: it makes two harmless syscalls in turn, under a filter of ours.

A filter that Redrive was started under may answer one of them before ours is heard: of two answers the kernel takes the
stricter (seccomp(2)).  So there are several pairs, and one that does not show our own stop is given up for the next.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from contextlib import suppress

from redrive.tracee import ptrace
from redrive.tracee import registers as regs
from redrive.tracee._native import lib
from redrive.tracee.eras import Regime, Seen, SyscallStop, decide_regime
from redrive.tracee.errors import TraceeError, TraceeGone
from redrive.tracee.seccomp_filter import program
from redrive.tracee.spawn import SpawnOptions, spawn
from redrive.tracee.tracee import Tracee, check

PAIRS = ((110, 102), (104, 107), (108, 111), (186, 39), (24, 100))
"""getppid getuid, getgid geteuid, getegid getpgrp, gettid getpid, sched_yield times: they never fail and never wait."""
_RET_TRACE, _RET_ERRNO, _RET_ALLOW = 0x7FF0_0000, 0x0005_0000, 0x7FFF_0000
_OWN_DATA = 0x9B0B
_PATIENCE = 2.0
"""Seconds a supervisor (SECCOMP_RET_USER_NOTIF) may take to answer what the child does before our filter is there."""
_FOREIGN_STOPS_LIMIT = 64


def _filter(traced: int, failing: int) -> bytes:
    return program(
        (0x20, 0, 0, 0),
        (0x15, 0, 1, traced),
        (0x06, 0, 0, _RET_TRACE | _OWN_DATA),
        (0x15, 0, 1, failing),
        (0x06, 0, 0, _RET_ERRNO | errno.EACCES),
        (0x06, 0, 0, _RET_ALLOW),
    )


class ProbeChild:
    """A child that makes one pair of syscalls a few times and ends.  Close it.

    Raises SpawnFailed when no child can be made or seized.
    """

    def __init__(self, pair: tuple[int, int]) -> None:
        options = SpawnOptions(filter=_filter(*pair), trap_tsc=False, probe_calls=pair)
        self._traced = pair[0]
        self._spawned = spawn(None, [], [], options)
        self.tracee = Tracee(self._spawned.tid)

    def close(self) -> None:
        """End the child, wherever it is."""
        os.close(self._spawned.error_descriptor)
        while not self._has_ended():
            os.kill(self.tracee.tid, signal.SIGKILL)
            with suppress(TraceeGone):
                if os.WIFSTOPPED(self.tracee.stop.status):
                    self.tracee.resume(ptrace.CONT)
            self.tracee.wait()

    def _has_ended(self) -> bool:
        # The status is 0, that of a normal end, before there has been any stop.
        return bool(self.tracee.stop.tid) and not os.WIFSTOPPED(self.tracee.stop.status)

    def reach_traced_call(self) -> bool:
        """Run it to our filter's stop before the first call; False when something else became of that call.

        Raises TraceeError when the child could not even install its filter.
        """
        for _ in range(_FOREIGN_STOPS_LIMIT):
            if not self._wait_with_patience():
                return False
            stop = self.tracee.stop
            if not os.WIFSTOPPED(stop.status) or stop.status >> 16 == ptrace.EVENT_EXIT:
                self._raise_failure()
                return False
            if stop.status >> 16 != ptrace.EVENT_SECCOMP:
                return False
            if stop.message == _OWN_DATA:
                return True
            # A call of the child's preparations, for which a filter that was there before has RET_TRACE.
            self.tracee.resume(ptrace.CONT)
        return False

    def _wait_with_patience(self) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while not check(lib.redrive_wait_or_sleep(self.tracee.tid, self.tracee.stop), "waitpid", self.tracee.tid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _raise_failure(self) -> None:
        os.set_blocking(self._spawned.error_descriptor, False)
        with suppress(BlockingIOError):
            error = int.from_bytes(os.read(self._spawned.error_descriptor, 4), "little")
            if error:
                raise TraceeError(f"a seccomp filter cannot be installed here: {os.strerror(error)}")

    def find_regime(self) -> tuple[Regime, bool] | None:
        """From our stop before the first call: the regime, and whether PTRACE_SYSEMU works.

        None when a filter that was there before has another answer than ours to the second call.
        """
        tracee = self.tracee
        tracee.step(ptrace.SYSCALL)
        after_seccomp = self._seen()
        if after_seccomp is None:
            return None
        if after_seccomp.rax == -errno.ENOSYS:
            # That was the entry: a call of these never fails.
            tracee.step(ptrace.SYSCALL)
        works, answered = True, None
        try:
            tracee.step(ptrace.SYSEMU)
            answered = self._seen()
            if answered is None:
                return None
        except TraceeError:
            works = False
        if answered is not None and answered.stop is SyscallStop.SECCOMP:
            # The second call has shown no stop: this is the first one's, come round again.
            answered = None
        regime = decide_regime(self._traced, after_seccomp, answered)
        return None if regime is None else (regime, works)

    def _seen(self) -> Seen | None:
        """The stop it is in; None for one that is neither a syscall-stop nor a seccomp stop of our own filter's."""
        stop = self.tracee.stop
        values = (regs.get_signed(self.tracee.registers, name) for name in ("orig_rax", "rax"))
        if int(stop.status) >> 8 == ptrace.SYSCALL_STOP_SIGNAL:
            return Seen(SyscallStop.SYSCALL, *values)
        if int(stop.status) >> 16 == ptrace.EVENT_SECCOMP and stop.message == _OWN_DATA:
            return Seen(SyscallStop.SECCOMP, *values)
        return None
