"""Recording a command into an archive."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple

from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.blobs import BlobCache
from redrive.formats.cache_folder import user_cache
from redrive.formats.errors import ArchiveError
from redrive.formats.frames import FORMAT_VERSION
from redrive.formats.header import CpuIdentification, CpuidLeaf, Header, Setting
from redrive.formats.outcome import Outcome
from redrive.formats.version import VERSION
from redrive.recorder.address_space import personality
from redrive.recorder.errors import CannotStart, NoFormat, RecordError
from redrive.recorder.families import all_tracees
from redrive.recorder.job_control import LEFT_TO_THE_PROGRAM
from redrive.recorder.options import OnFull, RecordOptions
from redrive.recorder.recording import Recording
from redrive.recorder.relayed_signals import ENDING, RELAYED, RelayedSignals
from redrive.tracee import cpu, ptrace
from redrive.tracee._native import ffi, lib
from redrive.tracee.eras import EraError
from redrive.tracee.errors import SpawnFailed, TraceeError
from redrive.tracee.inheritance import Inheritance, environment, set_aside, take_timers
from redrive.tracee.kernel import KernelFeatures, probe
from redrive.tracee.seccomp_filter import record_filter
from redrive.tracee.shared_traps import shared_traps
from redrive.tracee.spawn import ADDR_NO_RANDOMIZE, Spawned, SpawnOptions, spawn
from redrive.tracee.tracee import wait_any

_MASK_LIMIT = 1024
_FIRST_BYTES = 256


class RecordResult(NamedTuple):
    """``wait_status`` is the command's, as wait(2) gives it; ``notes`` are sentences for the user.

    ``events`` is how many the archive holds.
    """

    wait_status: int
    path: Path
    events: int
    notes: tuple[str, ...]


def record(command: Sequence[str], path: Path, options: RecordOptions) -> RecordResult:
    """Run a command to the end of its last process, into a new archive at ``path``.

    Raises CannotStart when the command cannot be executed (no archive is left then), ArchiveError when the archive
    cannot be begun, and RecordError when the recording cannot go on (the archive keeps what there is).  The calling
    thread is pinned to one CPU meanwhile.
    """
    program = _Program(_find_program(command[0]), command)
    with set_aside() as inheritance:
        inheritance = inheritance._replace(timers=take_timers())
        try:
            return _record(command, program, path, options, inheritance)
        except NoFormat:
            if _is_binary(program.path):
                raise
            return _record(command, program.by_the_shell(), path, options, inheritance)


class _Program(NamedTuple):
    """What execve(2) is given: a file, and the arguments from the zeroth on."""

    path: str
    arguments: Sequence[str]

    def by_the_shell(self) -> _Program:
        """The shell running this as a script, as execvp(3) has it when the kernel knows no format for a file."""
        return _Program("/bin/sh", ("/bin/sh", self.path, *self.arguments[1:]))


def _record(
    command: Sequence[str], program: _Program, path: Path, options: RecordOptions, inheritance: Inheritance
) -> RecordResult:
    try:
        kernel = probe()
    except (TraceeError, SpawnFailed) as error:
        raise RecordError(f"{error} (`redrive doctor` says more)") from error
    if options.native_cpuid:
        kernel = kernel._replace(cpuid_faulting=False)
    own_affinity = os.sched_getaffinity(0)
    mask = _affinity_mask()
    cpu_number = cpu.choose(options.cpu)
    lib.redrive_use_syscall_info(kernel.syscall_info)
    hidden = _hidden_features(options)
    header = _header(command, kernel, cpu_number, hidden, options)
    writer = ArchiveWriter(
        path,
        header,
        blob_cache=BlobCache(user_cache("blobs")),
        writer_affinity=own_affinity,
        maximum_size=options.maximum_size,
        discards=options.on_full is OnFull.CONTINUE,
    )
    os.sched_setaffinity(0, {cpu_number})
    recording = Recording(writer, kernel, cpu_number, mask, cpu.ShownCpu(hidden), _plants_traps(kernel, options))
    if options.chaos_seed is not None:
        recording.disturb(options.chaos_seed)
    try:
        with shared_traps(cpuid=kernel.cpuid_faulting):
            return _run(recording, program, path, options, inheritance)
    except CannotStart:
        path.unlink(missing_ok=True)
        raise
    finally:
        recording.scheduler.close()
        os.sched_setaffinity(0, own_affinity)


def _run(
    recording: Recording, program: _Program, path: Path, options: RecordOptions, inheritance: Inheritance
) -> RecordResult:
    reason = "the recording was broken off"
    failure: Exception | None = None
    signals = ExitStack()
    try:
        with closing(_Tracees(recording)):
            spawned = _spawn(program, options, inheritance)
            signals.enter_context(_SignalsHeld())
            recording.start(spawned.tid, program.path)
            if not recording.tasks:
                raise _failure(spawned)
            signals.enter_context(RelayedSignals(recording))
            os.close(spawned.error_descriptor)
            recording.run()
        reason = ""
    except CannotStart:
        raise
    except (RecordError, TraceeError, EraError, ArchiveError) as error:
        failure, reason = error, str(error)
    finally:
        recording.disguise.take(recording.disguise.own)
        # Closing an archive may take a second, and should not be broken off either.
        with signals:
            reason = _close(recording, reason)
    if reason:
        raise RecordError(f"{reason}; what was recorded until then is in {path}") from failure
    assert recording.main_status is not None
    writer = recording.writer
    if writer.failure is not None:
        recording.notes.append(f"{writer.failure}: the program ran on, unrecorded")
    return RecordResult(recording.main_status, path, writer.event_count, tuple(recording.notes))


def _close(recording: Recording, reason: str) -> str:
    """Close the archive.  Returns why the recording ends early, if it does."""
    for number in ENDING:
        if signal.getsignal(number) is _break_off:
            signal.signal(number, _too_late)
    try:
        summary = recording.contents.summary()
        recording.writer.close(Outcome(not reason, reason, time.time(), recording.main_status, summary))
    except ArchiveError as error:
        return reason or str(error)
    return reason


def _is_binary(path: str) -> bool:
    """Whether a file is no script but a program, of another machine perhaps; shells look at the same."""
    try:
        with open(path, "rb") as file:
            return b"\0" in file.read(_FIRST_BYTES).partition(b"\n")[0]
    except OSError:
        return False


def _find_program(name: str) -> str:
    if "/" in name:
        return name
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise CannotStart(f"cannot run {name}: no such program in PATH", 127)


def _environment(options: RecordOptions) -> tuple[bytes, ...]:
    """The program's environment: the recorder's own, but for a portable recording.

    The program's loader is asked to bind at once there.  Its lazy binding runs xsave, whose result depends on XCR0, or
    fxsave where cpuid hides that.  Beside each ST register's ten bytes, fxsave of a CPU writes zeros, and of qemu's
    nothing; glibc's sigaction then copies such stale bytes of the stack into vector registers.
    """
    variables = environment()
    if options.portable and not any(one.startswith(b"LD_BIND_NOW=") for one in variables):
        variables += (b"LD_BIND_NOW=1",)
    return variables


def _spawn(program: _Program, options: RecordOptions, inheritance: Inheritance) -> Spawned:
    arguments = [os.fsencode(argument) for argument in program.arguments]
    flags = None if options.randomize_addresses else personality("self") | ADDR_NO_RANDOMIZE
    try:
        start = SpawnOptions(record_filter(), flags, inheritance=inheritance)
        return spawn(program.path, arguments, _environment(options), start)
    except SpawnFailed as error:
        raise RecordError(f"{error} (`redrive doctor` says more)") from error


def _failure(spawned: Spawned) -> Exception:
    failure = spawned.failure()
    if failure is None:
        return RecordError(f"{spawned.path} ended before its first instruction")
    # As a shell has it: 127 for what is not there, 126 for what cannot be executed.
    kind = NoFormat if failure.errno == errno.ENOEXEC else CannotStart
    return kind(str(failure), 127 if failure.errno == errno.ENOENT else 126)


def _affinity_mask() -> bytes:
    """This thread's affinity as sched_getaffinity(2) returns it: as many bytes as the kernel's own masks have."""
    mask = ffi.new("uint8_t[]", _MASK_LIMIT)
    length = lib.redrive_get_affinity(mask, _MASK_LIMIT)
    return bytes(ffi.buffer(mask, max(length, 0)))


def _hidden_features(options: RecordOptions) -> tuple[cpu.FeatureBit, ...]:
    if options.native_cpuid:
        return ()
    return cpu.NOT_REPEATABLE + (cpu.BEYOND_V2 if options.portable else ())


def _plants_traps(kernel: KernelFeatures, options: RecordOptions) -> bool:
    return not kernel.cpuid_faulting and not options.native_cpuid


def _header(
    command: Sequence[str],
    kernel: KernelFeatures,
    cpu_number: int,
    hidden: tuple[cpu.FeatureBit, ...],
    options: RecordOptions,
) -> Header:
    return Header(
        format_version=FORMAT_VERSION,
        redrive_version=VERSION,
        kernel_release=kernel.release,
        kernel_version=kernel.version,
        machine=kernel.machine,
        regime=kernel.regime.name,
        features={
            "sysemu": kernel.sysemu,
            "syscall_info": kernel.syscall_info,
            "signal_mask": kernel.signal_mask,
            "cpuid_faulting": kernel.cpuid_faulting,
            "cpuid_planted": _plants_traps(kernel, options),
            "inherited_filter": kernel.inherited_filter,
            "xstate_size": kernel.xstate_size,
        },
        cpu=CpuIdentification(
            cpu.vendor(),
            cpu.brand(),
            *cpu.signature(),
            features=cpu.features(hidden),
            xcr0=int(lib.redrive_xgetbv()),
            cpuid=_cpuid_table(hidden if kernel.cpuid_faulting else ()),
        ),
        page_size=os.sysconf("SC_PAGE_SIZE"),
        command=tuple(os.fsencode(argument) for argument in command),
        # Of one that is deleted, getcwd(2) knows nothing.
        working_directory=os.readlink(b"/proc/self/cwd"),
        environment=_environment(options),
        start_time=time.time(),
        options=_settings(cpu_number, options),
    )


def _cpuid_table(hidden: tuple[cpu.FeatureBit, ...]) -> tuple[CpuidLeaf, ...]:
    """What cpuid instructions get that no event answers for: all features where none of them can fault."""
    return tuple(CpuidLeaf(*cpu.shown(leaf, hidden)) for leaf in cpu.cpuid_table())


def _settings(cpu_number: int, options: RecordOptions) -> dict[str, Setting]:
    settings: dict[str, Setting] = {
        "cpu": cpu_number,
        "randomize_addresses": options.randomize_addresses,
        "portable": options.portable,
    }
    return settings if options.chaos_seed is None else {**settings, "chaos_seed": options.chaos_seed}


class _SignalsHeld:
    """The terminal's signals are the program's business; the others end the recording in good order."""

    def __enter__(self) -> None:
        handlers = ((number, signal.getsignal(number)) for number in (*RELAYED, *LEFT_TO_THE_PROGRAM))
        # None is a handler that is not Python's: it has the signal that an instruction of the recorder's raises.
        self._before = {number: handler for number, handler in handlers if handler is not None}
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        for number in ENDING:
            # nohup(1) has it ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, _break_off) or signal.SIG_DFL

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _break_off(number: int, frame: object) -> None:
    raise RecordError(f"the recorder was asked to stop by {signal.Signals(number).name}")


def _too_late(number: int, frame: object) -> None:
    """The archive is being closed."""


class _Tracees:
    """All tasks of a recording; closing kills and collects those that are left."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def close(self) -> None:
        """Leave no tracee behind."""
        stop = ffi.new("struct redrive_stop *")
        if not self._recording.tasks:
            return
        # By what the kernel says, as a child that its parent has not told of is none of the recording's tasks yet.
        for tid, _, _ in all_tracees():
            with suppress(OSError):
                os.kill(tid, signal.SIGKILL)
            # One that has been told to end already, and has stopped on its way, no signal wakes any more.
            lib.redrive_resume(tid, ptrace.CONT, 0)
        tid = 0
        while tid >= 0:
            with suppress(InterruptedError):
                tid = wait_any(0, stop)
                if tid > 0 and os.WIFSTOPPED(stop.status):
                    lib.redrive_resume(tid, ptrace.CONT, 0)
