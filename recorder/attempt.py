"""One run of a hunt: a recording in a process of its own, watched from outside."""

from __future__ import annotations

import contextlib
import ctypes
import enum
import json
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from redrive.formats.errors import ArchiveError
from redrive.recorder.errors import CannotStart, RecordError
from redrive.recorder.options import RecordOptions
from redrive.recorder.record import record

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a hunt to end."""
GRACE = 10.0
"""Seconds that a recorder which was asked to stop has for closing its archive, before it is killed."""
OUTPUT_LIMIT = 256 << 10
"""Bytes of a run's output that are kept for people: the last ones."""
_LINE_LIMIT = 64 << 10
_READ_SIZE = 64 << 10
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Kind(enum.Enum):
    """How a run of a hunt ended."""

    PASSED = enum.auto()
    EXIT = enum.auto()
    SIGNAL = enum.auto()
    OUTPUT = enum.auto()
    """Its output had a line with the pattern, whatever it ended with."""
    TIMEOUT = enum.auto()
    UNRECORDED = enum.auto()
    """The recorder failed, so that nobody knows."""


@dataclass(frozen=True)
class Judgement:
    """How a run ended: ``wait_status`` is the command's, None when it had not ended; ``error`` is the recorder's."""

    kind: Kind
    wait_status: int | None
    error: str
    notes: tuple[str, ...]


class _Report(NamedTuple):
    """What the recording process tells when it is through."""

    wait_status: int | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    start_status: int = 0
    """What a shell would exit with, where the command could not be started."""


class Output:
    """What a run writes to stdout and stderr, searched line by line as it comes."""

    def __init__(self, pattern: re.Pattern[bytes] | None) -> None:
        self._pattern = pattern
        self._line = b""
        self._kept = bytearray()
        self.matched = False
        """Whether a line so far has the pattern in it."""

    def add(self, data: bytes) -> None:
        """More of it; a line of more than 64 KiB is searched in pieces."""
        self._kept += data
        if len(self._kept) > 2 * OUTPUT_LIMIT:
            del self._kept[:-OUTPUT_LIMIT]
        if self._pattern is None or self.matched:
            return
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _LINE_LIMIT:
            lines.append(self._line)
            self._line = b""
        self.matched = any(self._pattern.search(line) for line in lines)

    def end(self) -> None:
        """There will be no more."""
        if self._pattern is not None and not self.matched:
            self.matched = self._pattern.search(self._line) is not None

    @property
    def last(self) -> bytes:
        """The last of it, OUTPUT_LIMIT bytes at most."""
        return bytes(self._kept[-OUTPUT_LIMIT:])


class Attempt:
    """A recording that runs.  Its two descriptors are to be watched and read until ``ended``; then ``judge`` it.

    The process is forked and not executed: it has the engine loaded already, which takes longer than many a command.
    It has a session of its own, so that the terminal's Ctrl-C reaches the hunt alone, which ends all in good order.
    """

    def __init__(
        self,
        command: Sequence[str],
        archive: Path,
        options: RecordOptions,
        *,
        fail_if: re.Pattern[bytes] | None,
        timeout: float | None,
    ) -> None:
        self.archive = archive
        self.output = Output(fail_if)
        self._report = b""
        self._asked_to_stop = False
        self._timed_out = False
        self._stop_at = None if timeout is None else time.monotonic() + timeout
        output, output_end = os.pipe()
        report, report_end = os.pipe()
        self._open = {output: self.output.add, report: self._add_to_report}
        try:
            self._pid = _fork(command, archive, options, output_end, report_end)
        except OSError:
            self._close_all()
            raise
        finally:
            os.close(output_end)
            os.close(report_end)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Those that are still to be read."""
        return tuple(self._open)

    @property
    def ended(self) -> bool:
        """Whether all there is has been read."""
        return not self._open

    def read(self, descriptor: int) -> bool:
        """Take what has come.  False at its end."""
        data = os.read(descriptor, _READ_SIZE)
        self._open[descriptor](data)
        return bool(data)

    def close(self, descriptor: int) -> None:
        """Nothing more will come there."""
        del self._open[descriptor]
        os.close(descriptor)

    @property
    def stop_at(self) -> float | None:
        """When ``enforce`` has something to do next, in time.monotonic()'s seconds."""
        return self._stop_at

    def enforce(self, now: float) -> None:
        """End a recording that has had its time, and more firmly one that has been asked to stop and did not."""
        if self._stop_at is None or now < self._stop_at:
            return
        if self._asked_to_stop:
            self._send(signal.SIGKILL)
            self._stop_at = None
        else:
            self._timed_out = True
            self.break_off()

    def break_off(self) -> None:
        """Ask the recorder to end the run now and to close its archive."""
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._stop_at = time.monotonic() + GRACE
            self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; its tracees die with it (PTRACE_O_EXITKILL)."""
        self._send(signal.SIGKILL)

    def collect(self) -> None:
        """Wait for the process, so that no zombie is left."""
        self._close_all()
        os.waitpid(self._pid, 0)

    def judge(self) -> Judgement | None:
        """How an ended run ended; None for one that was broken off.  Raises CannotStart."""
        self.output.end()
        if not self._report:
            report = _Report(error="the recorder ended without a word")
        else:
            report = _Report(*json.loads(self._report))
        if report.start_status:
            raise CannotStart(report.error, report.start_status)
        if report.error and self._asked_to_stop and not self._timed_out:
            return None
        return Judgement(self._kind(report), report.wait_status, report.error, tuple(report.notes))

    def _kind(self, report: _Report) -> Kind:
        if report.error and not self._timed_out:
            return Kind.UNRECORDED
        if self.output.matched:
            return Kind.OUTPUT
        if report.error:
            return Kind.TIMEOUT
        assert report.wait_status is not None
        if os.WIFSIGNALED(report.wait_status):
            return Kind.SIGNAL
        return Kind.EXIT if report.wait_status else Kind.PASSED

    def _add_to_report(self, data: bytes) -> None:
        self._report += data

    def _send(self, number: int) -> None:
        # Not collected before all has been read: the pid is still its own.
        os.kill(self._pid, number)

    def _close_all(self) -> None:
        for descriptor in self.descriptors:
            self.close(descriptor)


def _fork(command: Sequence[str], archive: Path, options: RecordOptions, output: int, report: int) -> int:
    """The pid of a process that records ``command``, says how it went on ``report``, and ends."""
    hunt = os.getpid()
    # Until the child has handlers of its own, a signal for it would be taken for one to the hunt.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        pid = os.fork()
        if pid:
            return pid
        _be_recorder(command, archive, options, output, report, hunt)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _be_recorder(
    command: Sequence[str], archive: Path, options: RecordOptions, output: int, report: int, hunt: int
) -> NoReturn:
    try:
        _detach(output)
        said = _record(command, archive, options, hunt)
        if os.getppid() != hunt:
            # Nobody will look at it.
            with contextlib.suppress(OSError):
                archive.unlink()
                archive.parent.rmdir()
        os.write(report, json.dumps(said).encode())
    finally:
        os._exit(0)


def _detach(output: int) -> None:
    """Out of the hunt's session and signals, with the run's output for our own."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, place)
    os.close(nothing)
    os.close(output)


def _record(command: Sequence[str], archive: Path, options: RecordOptions, hunt: int) -> _Report:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != hunt:
        return _Report(error="the hunt is over")
    try:
        result = record(command, archive, options)
    except CannotStart as error:
        return _Report(error=str(error), start_status=error.status)
    except (RecordError, ArchiveError) as error:
        return _Report(error=str(error))
    except Exception as error:
        return _Report(error=f"an error of Redrive's own, please report it: {type(error).__name__}: {error}")
    return _Report(result.wait_status, result.notes)
