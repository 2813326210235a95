"""A syscall is recorded the same whatever the kernel.

The stops of each regime, as real kernels showed them (tests/eras), go through the recorder's own code; the events must
be equal, and keep the stops as they came.
"""

from __future__ import annotations

import signal
import struct
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from redrive.formats import codec
from redrive.formats.events import Event, Exit, Inputs, Signal, SignalAction, SignalPoint, Syscall, SyscallEntry, Writes
from redrive.formats.stops import StopKind, StopRegisters, decode_stops
from redrive.tracee import registers as regs
from redrive.tracee.eras import ENOSYS, Regime
from redrive.tracee.seccomp_filter import TRACE_DATA
from tests.eras.scenarios import KERNELS, PARENT, Scenario, read
from tests.unit import scripted_kernel
from tests.unit.scripted_kernel import TID, Call, ScriptedKernel, play

REGIMES = (Regime.R1, Regime.R2, Regime.R3)
REGIME_OF = {"3.10.105": Regime.R1, "4.4.155": Regime.R2, "4.7.4": Regime.R2}
EACCES = 13
SOMEBODY_ELSES_DATA = 0x1234

GETPPID = Call()
CHDIR = Call(80, {"rdi": 0x50_0000}, (0x50_0000, b"/usr".ljust(4096, b"\0")))
CLONE3 = Call(435)
PR_GET_TSC = Call(157, {"rdi": 25, "rsi": 0x50_0000})
MMAP = Call(9, {"rsi": 4096, "rdx": 1, "r10": 0x22, "r8": -1})
ITS_PATH: Inputs = ((0, b"/usr"),)
ITS_MODE: Writes = ((0x50_0000, struct.pack("<i", 1)),)


class Case(NamedTuple):
    """A way through a call.  By regime, or for all: the scenario, and the syscall-stops that the recorder meets
    (S: seccomp stop, N: entry, X: exit; - for none).  For all regimes: the call and the event that comes of it."""

    what: str
    scenarios: str
    stops: str
    call: Call
    result: int
    writes: Writes = ()
    inputs: Inputs = ()
    seccomp_data: int = TRACE_DATA
    filtered: bool = True
    our_filter: bool = True

    def of(self, regime: Regime) -> tuple[str, str]:
        """The scenario's name and the stops."""
        names, stops = self.scenarios.split(), self.stops.split()
        place = REGIMES.index(regime)
        return names[place % len(names)], stops[place % len(stops)].strip("-")


CASES = [
    Case("traced; SYSCALL all the way", "A1", "SNX SNX NSX", GETPPID, PARENT),
    Case("traced; CONT, then SYSCALL", "A3", "SNX SNX SX", GETPPID, PARENT, filtered=False),
    Case("traced, with a path", "A1", "SNX SNX NSX", CHDIR, PARENT, inputs=ITS_PATH),
    Case("traced; CONT, with a path", "A3", "SNX SNX SX", CHDIR, PARENT, inputs=ITS_PATH, filtered=False),
    Case("no filter of ours", "A5", "NX", GETPPID, PARENT, our_filter=False),
    Case("refused by the recorder; CONT", "C2", "SX", CLONE3, -ENOSYS, filtered=False),
    Case("refused by the recorder; SYSCALL", "C4 C4 C5", "SX SX NSX", CLONE3, -ENOSYS),
    Case("answered by the recorder; CONT", "C2", "SX", PR_GET_TSC, 0, ITS_MODE, filtered=False),
    Case("answered by the recorder; SYSCALL", "C4 C4 C5", "SX SX NSX", PR_GET_TSC, 0, ITS_MODE),
    Case("another's RET_TRACE", "C4 C4 C5", "SX SX NSX", GETPPID, -ENOSYS, seccomp_data=SOMEBODY_ELSES_DATA),
    Case("another's RET_ERRNO", "D4", "X NX NX", GETPPID, -EACCES),
    Case("another's RET_ERRNO, with a path", "D4", "X NX NX", CHDIR, -EACCES, inputs=ITS_PATH),
    Case("another's RET_ERRNO for what the recorder refuses", "D4", "X NX NX", CLONE3, -EACCES),
    Case("another's RET_ERRNO for what the recorder answers", "D4", "X NX NX", PR_GET_TSC, -EACCES),
    Case("another's RET_ERRNO(ENOSYS)", "D4-ENOSYS", "X NX NX", GETPPID, -ENOSYS),
    Case("another's RET_ERRNO(ENOSYS) for what the recorder refuses", "D4-ENOSYS", "X NX NX", CLONE3, -ENOSYS),
    Case("another's RET_ERRNO(ENOSYS) for what the recorder answers", "D4-ENOSYS", "X NX NX", PR_GET_TSC, -ENOSYS),
    Case("RET_TRACE that finds no tracer", "A6", "X X NX", GETPPID, -ENOSYS),
    Case("another's RET_TRAP", "D6", "X NX NX", GETPPID, GETPPID.number),
    Case("another's RET_TRAP, with a path", "D6", "X NX NX", CHDIR, CHDIR.number, inputs=ITS_PATH),
    Case("another's RET_TRAP for what the recorder answers", "D6", "X NX NX", PR_GET_TSC, PR_GET_TSC.number),
    Case("another's RET_TRAP for what the recorder follows", "D6", "X NX NX", MMAP, MMAP.number),
    Case("another's RET_TRAP that nobody told us of", "D11", "-", GETPPID, GETPPID.number, filtered=False),
]


def scenario_of(kernel: str, name: str) -> Scenario:
    """A scenario; NAME-ENOSYS is one with ENOSYS in place of the filter's EACCES."""
    scenario = read(kernel)[name.removesuffix("-ENOSYS")]
    if not name.endswith("-ENOSYS"):
        return scenario

    def changed(values: tuple[int, int]) -> tuple[int, int]:
        return values[0], -ENOSYS if values[1] == -EACCES else values[1]

    steps = (step._replace(left=changed(step.left), seen=changed(step.seen)) for step in scenario.steps)
    return scenario._replace(steps=tuple(steps))


def ended_by(number: int, entry: bytes, result: int) -> tuple[Event, Event]:
    """The signal after a call, SIGSYS of RET_TRAP or SIGTRAP of the program's int3, and what it does to the program."""
    after = regs.replace(entry, rax=result, orig_rax=-1)
    if number == signal.SIGSYS:
        code, point = scripted_kernel.SYS_SECCOMP, SignalPoint.BOUNDARY
    else:
        code, point = scripted_kernel.SI_KERNEL, SignalPoint.FAULT
        after = regs.replace(after, rip=scripted_kernel.AFTER_INT3)
    info = scripted_kernel.siginfo(number, code, regs.get(entry, "orig_rax"))
    return (
        Signal(TID, number, info, point, SignalAction.FATAL, after, b"", b"", (), b""),
        Exit(TID, number, (), b""),
    )


def expected_of(case: Case, scenario: Scenario) -> list[Event]:
    """What is to be written of a case, on any kernel."""
    entry = case.call.entry
    number = signal.SIGSYS if scenario.end == "SIGSYS" else signal.SIGTRAP
    written = Syscall(TID, case.call.number, entry, case.result, case.writes, (), case.inputs, b"")
    return [written, *ended_by(number, entry, case.result)]


def without_stops(event: Event) -> Event:
    """An event without what differs between kernels by its nature.

    That is the raw stops, and orig_rax between two syscalls: no register of the CPU, and what R2 leaves there of a call
    that a filter trapped is not what others leave.
    """
    assert isinstance(event, Syscall | SyscallEntry | Signal | Exit)
    if isinstance(event, Signal):
        event = event._replace(registers=regs.replace(event.registers, orig_rax=-1))
    return event._replace(stops=b"")


def raw_stops(events: list[Event]) -> Iterator[tuple[StopKind, bytes]]:
    """The stops that the events keep, each with its registers wherever the event has them."""
    for event in events:
        assert isinstance(event, Syscall | SyscallEntry | Signal | Exit)
        first = second = b""
        if isinstance(event, Signal):
            first = event.registers
        elif isinstance(event, SyscallEntry):
            first = event.entry
        elif isinstance(event, Syscall):
            first = event.entry
            second = event.exit if isinstance(event.exit, bytes) else regs.replace(first, rax=event.exit)
        kept = {StopRegisters.FIRST: first, StopRegisters.SECOND: second, StopRegisters.NONE: b""}
        for stop in decode_stops(event.stops):
            yield stop.kind, kept.get(stop.source, stop.registers)


LETTERS = {"S": StopKind.SECCOMP, "N": StopKind.SYSCALL_ENTRY, "X": StopKind.SYSCALL_EXIT}


def assert_stops_kept(events: list[Event], kernel: ScriptedKernel, letters: str) -> None:
    """The raw stops of the events are those that the kernel has shown, in its order; ``letters`` are the syscall's."""
    kinds = [LETTERS[letter] for letter in letters]
    ends = [StopKind.SIGNAL] * (len(kernel.shown) - len(kinds) - 1)
    assert list(raw_stops(events)) == list(
        zip([*kinds, *ends, StopKind.GONE], [registers for _, registers in kernel.shown], strict=True)
    )


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_every_kernel_gives_the_same_events(case: Case, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    regime = REGIME_OF.get(kernel, Regime.R3)
    name, stops = case.of(regime)
    scenario = scenario_of(kernel, name)
    events, played = play(
        monkeypatch,
        [scenario],
        regime,
        case.call,
        seccomp_data=case.seccomp_data,
        filtered=case.filtered,
        our_filter=case.our_filter,
    )
    assert [without_stops(event) for event in events] == expected_of(case, scenario)
    assert_stops_kept(events, played, stops)
    assert played.written == list(case.writes)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("names", "results"),
    [
        (("A1", "D4"), (PARENT, -EACCES)),
        (("D4", "A1"), (-EACCES, PARENT)),
        (("D4", "D6"), (-EACCES, GETPPID.number)),
        (("A6", "A1"), (-ENOSYS, PARENT)),
        (("D4-ENOSYS", "A1"), (-ENOSYS, PARENT)),
        (("D4", "D4-ENOSYS"), (-EACCES, -ENOSYS)),
    ],
    ids=str,
)
def test_one_call_after_another(
    names: tuple[str, str], results: tuple[int, int], kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 4.8 only the second call can show that the first had ended."""
    regime = REGIME_OF.get(kernel, Regime.R3)
    events, _ = play(monkeypatch, [scenario_of(kernel, name) for name in names], regime, GETPPID)
    assert [event.exit for event in events[:-2] if isinstance(event, Syscall)] == list(results)
    assert {event.entry for event in events[:-2] if isinstance(event, Syscall)} == {GETPPID.entry}


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_call_that_is_answered_where_nobody_asked_is_seen_by_nobody(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why every syscall-stop is asked for as soon as there is another's filter: RET_ERRNO under CONT shows nothing."""
    regime = REGIME_OF.get(kernel, Regime.R3)
    events, _ = play(monkeypatch, [read(kernel)["D10"]], regime, GETPPID, filtered=False)
    assert [without_stops(event) for event in events] == list(ended_by(signal.SIGTRAP, GETPPID.entry, -EACCES))


SHOWN_BEFORE_DEATH = {
    "3.10.105": "",
    "4.4.155": "",
    "4.7.4": "",
    "4.8.15": "N",
    "5.10": "N",
    "6.1": "NX",
    "6.18": "NX",
}
"""RET_KILL: what a kernel shows of the call before the task dies of it."""


@pytest.mark.parametrize("kernel", KERNELS)
def test_of_a_killed_task_everything_shown_is_written(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing in which kernels differ by more than order: some never say which call it died of."""
    events, played = play(monkeypatch, [read(kernel)["D5"]], REGIME_OF.get(kernel, Regime.R3), GETPPID)
    shown = SHOWN_BEFORE_DEATH[kernel]
    entry = GETPPID.entry
    call: dict[str, list[Event]] = {
        "": [],
        "N": [SyscallEntry(TID, GETPPID.number, entry, (), (), b"")],
        "NX": [Syscall(TID, GETPPID.number, entry, GETPPID.number, (), (), (), b"")],
    }
    assert [without_stops(event) for event in events] == [*call[shown], Exit(TID, signal.SIGSYS, (), b"")]
    assert_stops_kept(events, played, shown)


@pytest.mark.parametrize("kernel", ["4.4.155", "4.7.4"])
@pytest.mark.parametrize("name", ["D4", "D4-ENOSYS"])
def test_a_number_that_the_kernel_lost_and_the_code_does_not_tell(
    name: str, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, played = play(monkeypatch, [scenario_of(kernel, name)], Regime.R2, GETPPID, code_is_readable=False)
    result = -EACCES if name == "D4" else -ENOSYS
    nameless = regs.replace(GETPPID.entry, orig_rax=-1)
    assert without_stops(events[0]) == Syscall(TID, -1, nameless, result, (), (), (), b"")
    assert_stops_kept(events, played, "NX")
    assert list(codec.decode_events(codec.event_encoder()(events[0]))) == [events[0]]


@pytest.mark.parametrize("kernel", ["4.4.155", "4.7.4"])
def test_a_number_that_the_kernel_lost_but_for_rax(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RET_TRAP leaves the number there, so that the code need not tell."""
    events, _ = play(monkeypatch, [read(kernel)["D6"]], Regime.R2, GETPPID, code_is_readable=False)
    written = Syscall(TID, GETPPID.number, GETPPID.entry, GETPPID.number, (), (), (), b"")
    assert without_stops(events[0]) == written


@pytest.mark.parametrize("kernel", KERNELS[3:])
def test_without_our_filter_a_call_is_skipped_at_its_entry(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """D7's filter, which is another's, lets -1 pass."""
    events, played = play(monkeypatch, [read(kernel)["D7"]], Regime.R3, PR_GET_TSC, our_filter=False)
    entry = PR_GET_TSC.entry
    written = Syscall(TID, PR_GET_TSC.number, entry, 0, ITS_MODE, (), (), b"")
    assert [without_stops(event) for event in events] == [written, *ended_by(signal.SIGTRAP, entry, 0)]
    assert_stops_kept(events, played, "NX")


@pytest.mark.parametrize("kernel", KERNELS[:3])
def test_what_was_decided_at_an_entry_that_was_none_is_forgotten(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 4.8 and without our filter, the recorder answers at what proves to be the exit of an answered call."""
    events, played = play(monkeypatch, [read(kernel)["A6"]], REGIME_OF[kernel], PR_GET_TSC, our_filter=False)
    entry = PR_GET_TSC.entry
    written = Syscall(TID, PR_GET_TSC.number, entry, -ENOSYS, (), (), (), b"")
    assert [without_stops(event) for event in events] == [written, *ended_by(signal.SIGTRAP, entry, -ENOSYS)]
    assert_stops_kept(events, played, "X")
    assert not played.written
