"""Recording a command again and again until it fails, several at a time, and keeping only what failed."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from redrive.formats.trace_directory import TraceDirectory
from redrive.recorder.attempt import ENDING_SIGNALS, Attempt, Judgement, Kind
from redrive.recorder.options import RecordOptions

TICK = 1.0
"""Seconds after which the watcher is told how far the hunt is, when nothing happens."""


@dataclass(frozen=True)
class HuntOptions:
    """What to look for, and how long.

    ``runs`` is None for a hunt without end; a run of more than ``timeout`` seconds has failed; ``record`` holds for
    each run, but that a run has a CPU of its own, and under chaos a seed of its own: the first run's is the one given,
    and each next run's is one more.
    """

    runs: int | None
    jobs: int
    fail_if: re.Pattern[bytes] | None
    timeout: float | None
    keep_going: bool
    record: RecordOptions


@dataclass(frozen=True)
class Failure:
    """A run that failed: ``archive`` is where it is kept, None when the recorder left none."""

    run: int
    seed: int | None
    judgement: Judgement
    archive: Path | None


@dataclass
class Tally:
    """How far a hunt is."""

    started_at: float = field(default_factory=time.monotonic)
    passed: int = 0
    running: int = 0
    failures: list[Failure] = field(default_factory=list)
    ended_by: int = 0
    """The signal that ended it, if one did."""

    @property
    def runs(self) -> int:
        """How many have come to an end of their own."""
        return self.passed + len(self.failures)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started_at


class Watcher(Protocol):
    """Who is told what a hunt does."""

    def progressed(self, tally: Tally) -> None:
        """A run has started or ended, or a second has gone by."""

    def failed(self, failure: Failure, output: bytes) -> None:
        """A run has failed; ``output`` is the last of what it wrote."""


class Hunt:
    """One hunt.  ``run`` raises CannotStart when the command cannot be executed, ArchiveError and OSError."""

    def __init__(
        self, command: Sequence[str], options: HuntOptions, directory: TraceDirectory, watcher: Watcher
    ) -> None:
        self._command = command
        self._options = options
        self._directory = directory
        self._watcher = watcher
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, tuple[int, Attempt]] = {}
        """By slot, which decides about the CPU: the run's number, and the run."""
        self._started = 0
        self._ending = False
        self._tally = Tally()

    def run(self) -> Tally:
        """Hunt until there is a failure, or all runs are over, or a signal ends it.

        Leaves no process and no archive but those of failures.
        """
        with self._selector, self._directory.workspace("hunt") as workspace, _EndingSignals() as signals:
            self._selector.register(signals.descriptor, selectors.EVENT_READ)
            try:
                while self._fill(workspace):
                    self._wait(signals)
            finally:
                for _, attempt in self._running.values():
                    attempt.kill()
                    attempt.collect()
        return self._tally

    def _fill(self, workspace: Path) -> bool:
        """Give each free slot a run.  False when nothing runs any more."""
        for slot in range(self._options.jobs):
            if self._ending or self._started == self._options.runs:
                break
            if slot not in self._running:
                self._start(slot, workspace)
        self._tally.running = len(self._running)
        self._watcher.progressed(self._tally)
        return bool(self._running)

    def _start(self, slot: int, workspace: Path) -> None:
        self._started += 1
        cpus = sorted(os.sched_getaffinity(0))
        # By pid, so that two hunts of one job each spread too.
        cpu = cpus[(os.getpid() + slot) % len(cpus)]
        options = self._options.record._replace(cpu=cpu, chaos_seed=self._seed(self._started))
        attempt = Attempt(
            self._command,
            workspace / f"run-{self._started}",
            options,
            fail_if=self._options.fail_if,
            timeout=self._options.timeout,
        )
        self._running[slot] = self._started, attempt
        for descriptor in attempt.descriptors:
            self._selector.register(descriptor, selectors.EVENT_READ, slot)

    def _seed(self, run: int) -> int | None:
        first = self._options.record.chaos_seed
        return None if first is None else first + run - 1

    def _wait(self, signals: _EndingSignals) -> None:
        """Until something happens, or a run has had its time."""
        now = time.monotonic()
        times = [attempt.stop_at - now for _, attempt in self._running.values() if attempt.stop_at is not None]
        for key, _ in self._selector.select(max(0.0, min([TICK, *times]))):
            if key.fd == signals.descriptor:
                self._signalled(signals)
            else:
                self._read(key.data, key.fd)
        for _, attempt in self._running.values():
            attempt.enforce(time.monotonic())

    def _signalled(self, signals: _EndingSignals) -> None:
        signals.drain()
        if not self._tally.ended_by:
            self._tally.ended_by = signals.number
            self._end()
            return
        for _, attempt in self._running.values():
            attempt.kill()

    def _end(self) -> None:
        self._ending = True
        for _, attempt in self._running.values():
            attempt.break_off()

    def _read(self, slot: int, descriptor: int) -> None:
        number, attempt = self._running[slot]
        if attempt.read(descriptor):
            return
        # Before it is closed: epoll would go on with it, as other runs' processes have it open too (epoll(7), Q6).
        self._selector.unregister(descriptor)
        attempt.close(descriptor)
        if attempt.ended:
            del self._running[slot]
            attempt.collect()
            self._judge(number, attempt)

    def _judge(self, number: int, attempt: Attempt) -> None:
        judgement = attempt.judge()
        if judgement is None or judgement.kind is Kind.PASSED:
            attempt.archive.unlink(missing_ok=True)
            self._tally.passed += judgement is not None
            return
        archive = self._keep(attempt.archive)
        failure = Failure(number, self._seed(number), judgement, archive)
        self._tally.failures.append(failure)
        self._watcher.failed(failure, attempt.output.last)
        if not self._options.keep_going:
            self._end()

    def _keep(self, archive: Path) -> Path | None:
        if not archive.exists():
            return None
        kept = self._directory.take_in(archive, os.fsencode(self._command[0]))
        self._directory.set_latest(kept)
        return kept


class _EndingSignals:
    """Turns the signals that end a hunt into something a selector sees; those that are ignored stay so (nohup)."""

    def __init__(self) -> None:
        self.number = 0
        self._ours, self._python = socket.socketpair()
        self.descriptor = self._ours.fileno()

    def __enter__(self) -> _EndingSignals:
        self._python.setblocking(False)
        self._ours.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._python.fileno(), warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, self._note)
            for number in ENDING_SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        return self

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._ours.close()
        self._python.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number

    def drain(self) -> None:
        """Take what has come."""
        with contextlib.suppress(BlockingIOError):
            self._ours.recv(4096)


def default_jobs() -> int:
    """As many as there are CPUs for this process."""
    return len(os.sched_getaffinity(0))
