"""The state machine of tracee/eras.py against what seven real kernels did (tests/eras)."""

from __future__ import annotations

import itertools

import pytest

from redrive.tracee import eras
from redrive.tracee.eras import (
    Began,
    ContradictedStop,
    Drive,
    DrivenCall,
    EraError,
    Fate,
    Info,
    Meaning,
    Outcome,
    Regime,
    Request,
    Seen,
    SyscallStop,
    SyscallTracker,
    UnexpectedStop,
)
from tests.eras.scenarios import GETPPID, KERNELS, PARENT, Scenario, read

REGIME_OF = {
    "3.10.105": Regime.R1,
    "4.4.155": Regime.R2,
    "4.7.4": Regime.R2,
    "4.8.15": Regime.R3,
    "5.10": Regime.R3,
    "6.1": Regime.R3,
    "6.18": Regime.R3,
}
A_KERNEL_OF = {Regime.R1: "3.10.105", Regime.R2: "4.7.4", Regime.R3: "6.1"}

# Written by hand from README.md and the scenarios.  By regime: the stops of the call (S: seccomp stop, N: entry,
# X: exit) and what becomes of the program's call.
STOPS_AND_FATE = """
A1  | SNX ran      | SNX ran      | NSX ran
A2  | S   ran      | S   ran      | S   ran
A3  | SNX ran      | SNX ran      | SX  ran
A4  | S   ran      | S   ran      | NS  ran
A5  | NX  ran      | NX  ran      | NX  ran
A6  | X   answered | X   answered | NX  answered
A7  | -   answered | -   answered | -   answered
B1  | N   skipped  | N   skipped  | N   skipped
B2  | SN  skipped  | SN  skipped  | N   skipped
B3  | S   ran      | SN  skipped  | N   skipped
B4  | SNX ran      | SNX skipped  | NX  skipped
B5  | SN  skipped  | S   ran      | S   ran
B6  | SN  skipped  | S   ran      | NS  ran
B7  | N   skipped  | N   skipped  | N   skipped
B8  | SN  skipped  | SN  skipped  | N   skipped
B9  | -   answered | -   answered | N   skipped
BA  | SN  skipped  | SN  skipped  | N   skipped
BB  | SNX ran      | SNX skipped  | NX  skipped
BC  | S   skipped  | S   skipped  | N   skipped
C1  | S   skipped  | S   skipped  | S   skipped
C2  | SX  skipped  | SX  skipped  | SX  skipped
C3  | S   skipped  | S   skipped  | S   skipped
C4  | SX  skipped  | SX  skipped  | NX  skipped
C5  | SNX skipped  | SNX skipped  | NSX skipped
C6  | SX  skipped  | SX  skipped  | NX  skipped
C7  | S   skipped  | S   skipped  | N   skipped
C8  | S   skipped  | S   skipped  | S   skipped
C9  | SX  skipped  | SX  skipped  | NSX skipped
D1  | -   answered | N   answered | N   skipped
D2  | -   killed   | -   killed   | N   skipped
D3  | -   trapped  | N   trapped  | N   skipped
D4  | X   answered | NX  answered | NX  answered
D5  | -   killed   | -   killed   | N   killed
D6  | X   trapped  | NX  trapped  | NX  trapped
D7  | X   answered | NX  answered | NX  skipped
D8  | -   killed   | -   killed   | NX  skipped
D9  | -   answered | N   answered | N   skipped
D10 | -   answered | -   answered | -   answered
D11 | -   trapped  | -   trapped  | -   trapped
E1  | S   ran      | S   ran      | S   answered
E2  | SNX ran      | SNX ran      | NX  answered
E3  | SNX ran      | SNX ran      | NSX answered
E4  | SNX ran      | SNX ran      | NX  ran
S1  | -   ran      | -   ran      | -   ran
S2  | S   ran      | S   ran      | S   ran
S3  | S   skipped  | S   skipped  | S   skipped
S4  | N   skipped  | N   skipped  | N   skipped
S5  | SN  skipped  | SN  skipped  | N   skipped
S6  | -   answered | N   answered | N   skipped
S7  | S   ran      | SN  skipped  | N   skipped
"""
EXIT_STOP_BEFORE_DEATH = {("6.1", "D5"): "NX", ("6.18", "D5"): "NX"}
"""README.md: SYSCALL, RET_KILL."""
NUMBER_LOST = {(kernel, name) for kernel in ("4.4.155", "4.7.4") for name in ("D1", "D4", "D7", "D9", "S6")}
"""Calls answered by RET_ERRNO in R2; RET_TRAP leaves the number in rax."""

ANSWERED_AT_ONCE = {"D1", "D3", "D4", "D6", "D7", "D9", "S6"}
"""RET_ERRNO and RET_TRAP, where a syscall-stop shows it; by R1 and R2, at the first one."""

_LETTERS = {Meaning.SECCOMP: "S", Meaning.ENTRY: "N", Meaning.EXIT: "X"}


def _expectations() -> dict[tuple[str, Regime], tuple[str, str]]:
    table = {}
    for row in STOPS_AND_FATE.strip().splitlines():
        name, *columns = (column.strip() for column in row.split("|"))
        for regime, column in zip(Regime, columns, strict=True):
            stops, fate = column.split()
            table[name, regime] = (stops.strip("-"), fate)
    return table


EXPECTED = _expectations()
NAMES = sorted({name for name, _ in EXPECTED})
CASES = [(kernel, name) for kernel in KERNELS for name in read(kernel)]


def play(scenario: Scenario, regime: Regime) -> list[Outcome]:
    """Feed a scenario to a tracker; every stop must also be among those it announced."""
    tracker = SyscallTracker(regime)
    outcomes = []
    for step in scenario.steps:
        tracker.resumed(step.request, *step.left)
        announced = tracker.expected()
        outcome = tracker.stopped(step.stop, *step.seen, info=step.info)
        assert outcome.meaning in announced
        outcomes.append(outcome)
    return outcomes


def final_meanings(outcomes: list[Outcome]) -> list[Meaning]:
    """The meanings after every correction."""
    meanings = [outcome.meaning for outcome in outcomes]
    for before, after in itertools.pairwise(range(len(outcomes))):
        if outcomes[after].corrects_entry:
            assert outcomes[before].presumed
            meanings[before] = Meaning.EXIT
    return meanings


def fate_of(scenario: Scenario, outcomes: list[Outcome]) -> str:
    """What became of the call: from the tracker's facts, and from the scenario's end only what they leave open.

    getppid and getuid never fail, so a call that was let run and returned an error was answered by a filter.
    """
    if scenario.end == "killed":
        return "killed"
    if scenario.end == "SIGSYS":
        return "trapped"
    told = [fact.fate for outcome in outcomes for fact in outcome.facts if isinstance(fact, eras.Ended)]
    if told and told[0] is not Fate.LET_RUN:
        return {Fate.SKIPPED: "skipped", Fate.ANSWERED: "answered"}[told[0]]
    return "ran" if scenario.result >= 0 else "answered"


def test_every_scenario_of_every_kernel_is_there() -> None:
    assert len(CASES) == 7 * 50
    assert all(sorted(read(kernel)) == NAMES for kernel in KERNELS)


@pytest.mark.parametrize(("kernel", "name"), CASES)
def test_stops_mean_what_the_table_and_the_kernel_say(kernel: str, name: str) -> None:
    scenario = read(kernel)[name]
    outcomes = play(scenario, REGIME_OF[kernel])
    meanings = final_meanings(outcomes)
    stops, _ = EXPECTED[name, REGIME_OF[kernel]]
    assert "".join(_LETTERS.get(meaning, "") for meaning in meanings) == EXIT_STOP_BEFORE_DEATH.get(
        (kernel, name), stops
    )
    told = [(step.info, meaning) for step, meaning in zip(scenario.steps, meanings, strict=True) if step.info]
    assert all(info.name == meaning.name for info, meaning in told)
    if kernel in ("5.10", "6.1", "6.18"):
        assert len(told) == sum(step.stop is SyscallStop.SYSCALL for step in scenario.steps)


@pytest.mark.parametrize(("kernel", "name"), CASES)
def test_the_facts_agree_with_how_the_scenario_ended(kernel: str, name: str) -> None:
    scenario = read(kernel)[name]
    outcomes = play(scenario, REGIME_OF[kernel])
    facts = [fact for outcome in outcomes for fact in outcome.facts]
    stops, fate = EXPECTED[name, REGIME_OF[kernel]]
    assert fate_of(scenario, outcomes) == fate
    if not stops:
        assert facts == []
        return
    began, ended = facts
    number = None if (kernel, name) in NUMBER_LOST else GETPPID
    assert isinstance(began, Began)
    assert began.number == number
    assert began.answered == (name in ANSWERED_AT_ONCE and REGIME_OF[kernel] is not Regime.R3)
    assert isinstance(ended, eras.Ended)
    assert ended.number == number
    if scenario.end != "result":
        return
    assert ended.result in (None, scenario.result)
    assert (ended.result is None) == ("X" not in stops and ended.fate is Fate.LET_RUN)
    if fate == "ran":
        assert scenario.result in (PARENT, 0)
    else:
        assert scenario.result in (-38, -13, 77)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_known_differences_between_regimes_change_what_happens(name: str) -> None:
    fates = {fate_of(read(kernel)[name], play(read(kernel)[name], REGIME_OF[kernel])) for kernel in KERNELS}
    differ = {
        *("B3", "B4", "BB", "S7"),  # SYSEMU reached the seccomp stop, another request left it
        *("B5", "B6"),  # the other way round
        *("B9", "D1", "D2", "D3", "D9", "S6"),  # SYSEMU meets a filter
        *("D7", "D8"),  # R3: number -1 is what the filter judges
        *("E1", "E2", "E3"),  # R3: the changed number is judged again
    }
    assert (len(fates) > 1) == (name in differ)


def _kinds(kernel: str, name: str) -> list[SyscallStop]:
    return [step.stop for step in read(kernel)[name].steps if step.stop in (SyscallStop.SECCOMP, SyscallStop.SYSCALL)]


ORDER_DIFFERS = [
    name
    for name in NAMES
    if _kinds("3.10.105", name) != _kinds("4.8.15", name)
    and _kinds("3.10.105", name)  # no stop at all looks like code that makes no call
    and name != "B5"  # CONT, then SYSEMU: the entry stop could be the next call's
]


def test_enough_scenarios_tell_the_regimes_apart() -> None:
    assert len(ORDER_DIFFERS) == 25
    assert {"A1", "A3", "A4", "A6", "B2", "C4", "D4", "E2", "S5"} <= set(ORDER_DIFFERS)


@pytest.mark.parametrize("name", ORDER_DIFFERS)
def test_the_stops_of_r1_are_unexpected_by_the_rules_of_r3(name: str) -> None:
    with pytest.raises(UnexpectedStop, match=r"by the rules of R3: .*expected .*(ENTRY|EXIT|SIGNAL)"):
        play(read("3.10.105")[name], Regime.R3)


@pytest.mark.parametrize(
    ("kernel", "regime", "names"),
    [
        ("3.10.105", Regime.R2, ("B3", "D4", "D6", "D7", "S7")),
        ("4.7.4", Regime.R1, ("B3", "B5", "B6", "D1", "D3", "D6", "D9", "S6", "S7")),
        ("4.8.15", Regime.R1, ("A1", "A3", "B5", "B6", "E3")),
        ("4.8.15", Regime.R2, ("A1", "A3", "B6", "E3")),
    ],
)
def test_stops_of_another_regime_are_unexpected_where_they_contradict_it(
    kernel: str, regime: Regime, names: tuple[str, ...]
) -> None:
    for name in names:
        with pytest.raises(UnexpectedStop):
            play(read(kernel)[name], regime)


def test_the_message_names_the_stop_and_what_was_expected() -> None:
    tracker = SyscallTracker(Regime.R3)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 39, -38)
    tracker.resumed(Request.SYSCALL, 39, -38)
    with pytest.raises(UnexpectedStop) as caught:
        tracker.stopped(SyscallStop.SIGNAL, 0, 0)
    assert str(caught.value) == (
        "unexpected SIGNAL stop (orig_rax 0, rax 0) by the rules of R3: the task was in syscall 39 past its ENTRY "
        "stop, let go by SYSCALL with orig_rax 39, rax -38; expected SECCOMP or EXIT or EVENT or GONE"
    )


def test_a_lost_stop_shows_as_another_number_at_the_exit() -> None:
    tracker = SyscallTracker(Regime.R3)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 39, -38)
    tracker.resumed(Request.SYSCALL, 39, -38)
    with pytest.raises(UnexpectedStop, match="orig_rax 1,"):
        tracker.stopped(SyscallStop.SYSCALL, 1, -38)


@pytest.mark.parametrize("number", [15, 59, 322])
def test_rt_sigreturn_and_execve_may_change_their_number(number: int) -> None:
    tracker = SyscallTracker(Regime.R3)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, number, -38)
    tracker.resumed(Request.SYSCALL, number, -38)
    assert tracker.stopped(SyscallStop.SYSCALL, -1, 7).facts == (eras.Ended(number, 7, Fate.LET_RUN),)


@pytest.mark.parametrize("regime", [Regime.R1, Regime.R2])
@pytest.mark.parametrize("request_after", [Request.SYSCALL, Request.CONT])
def test_a_lone_exit_that_looks_like_an_entry_is_corrected_by_the_next_call(
    regime: Regime, request_after: Request
) -> None:
    """RET_ERRNO(ENOSYS) of clone3 (R1, Docker's filter), or RET_TRACE with no tracer; then clone."""
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.SYSCALL, -1, 0)
    first = tracker.stopped(SyscallStop.SYSCALL, 435, -38)
    assert first == Outcome(Meaning.ENTRY, (Began(435, False),), presumed=True)
    tracker.resumed(request_after, 435, -38)
    second = tracker.stopped(SyscallStop.SECCOMP, 56, -38)
    known = request_after is Request.SYSCALL
    ended = eras.Ended(435, -38, Fate.ANSWERED) if known else eras.Ended(435, None, Fate.LET_RUN)
    assert second == Outcome(Meaning.SECCOMP, (ended, Began(56, False)), corrects_entry=known)


@pytest.mark.parametrize("regime", [Regime.R1, Regime.R2])
def test_two_lone_exits_of_different_calls_are_not_taken_for_one_call(regime: Regime) -> None:
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 435, -38)
    tracker.resumed(Request.SYSCALL, 435, -38)
    outcome = tracker.stopped(SyscallStop.SYSCALL, 334, -38)
    assert outcome.corrects_entry
    assert outcome.facts == (eras.Ended(435, -38, Fate.ANSWERED), Began(334, False))


@pytest.mark.parametrize("regime", list(Regime))
def test_events_inside_a_call_do_not_end_it(regime: Regime) -> None:
    """clone, as the recorder drives it: CONT to the seccomp stop, SYSCALL from there on."""
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.CONT, -1, 0)
    tracker.stopped(SyscallStop.SECCOMP, 56, -38)
    tracker.resumed(Request.SYSCALL, 56, -38)
    if regime is not Regime.R3:
        assert Meaning.EVENT not in tracker.expected()
        tracker.stopped(SyscallStop.SYSCALL, 56, -38)
        tracker.resumed(Request.SYSCALL, 56, -38)
    assert tracker.expected() == {Meaning.EXIT, Meaning.EVENT, Meaning.GONE}
    assert tracker.stopped(SyscallStop.EVENT, 56, -38) == Outcome(Meaning.EVENT)
    tracker.resumed(Request.SYSCALL, 56, -38)
    assert tracker.stopped(SyscallStop.SYSCALL, 56, 1000).facts == (eras.Ended(56, 1000, Fate.LET_RUN),)


@pytest.mark.parametrize("regime", list(Regime))
def test_an_event_can_be_the_first_sign_of_a_call_that_no_filter_traces(regime: Regime) -> None:
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.CONT, -1, 0)
    assert tracker.stopped(SyscallStop.EVENT, 57, -38).facts == (Began(57, False),)
    tracker.resumed(Request.SYSCALL, 57, -38)
    assert tracker.stopped(SyscallStop.SYSCALL, 57, 1000).meaning is Meaning.EXIT
    tracker.resumed(Request.SYSCALL, 57, 1000)
    with pytest.raises(UnexpectedStop):
        tracker.stopped(SyscallStop.EVENT, 57, -38)


def test_an_event_proves_that_a_presumed_entry_was_one() -> None:
    tracker = SyscallTracker(Regime.R1)
    tracker.resumed(Request.SYSCALL, -1, 0)
    assert tracker.stopped(SyscallStop.SYSCALL, 57, -38).presumed
    tracker.resumed(Request.SYSCALL, 57, -38)
    tracker.stopped(SyscallStop.EVENT, 57, -38)
    tracker.resumed(Request.SYSCALL, 57, -38)
    with pytest.raises(UnexpectedStop, match="past its EVENT stop"):
        tracker.stopped(SyscallStop.SIGNAL, 0, 0)


@pytest.mark.parametrize("regime", list(Regime))
def test_a_call_skipped_by_sysemu_shows_no_event(regime: Regime) -> None:
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.SYSEMU, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 57, -38)
    tracker.resumed(Request.SYSEMU, 57, 1000)
    with pytest.raises(UnexpectedStop):
        tracker.stopped(SyscallStop.EVENT, 57, -38)


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("stop", [SyscallStop.EVENT, SyscallStop.SECCOMP])
def test_a_stop_with_another_number_belongs_to_the_next_call(regime: Regime, stop: SyscallStop) -> None:
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 39, -38)
    tracker.resumed(Request.CONT, 39, -38)
    facts = (eras.Ended(39, None, Fate.LET_RUN), Began(57, False))
    assert tracker.stopped(stop, 57, -38).facts == facts


@pytest.mark.parametrize("seen", [(39, 1000), (40, -38)])
def test_an_entry_stop_after_the_seccomp_stop_shows_what_the_tracer_left(seen: tuple[int, int]) -> None:
    tracker = SyscallTracker(Regime.R1)
    tracker.resumed(Request.CONT, -1, 0)
    tracker.stopped(SyscallStop.SECCOMP, 39, -38)
    tracker.resumed(Request.SYSCALL, 39, -38)
    with pytest.raises(UnexpectedStop, match="expected ENTRY or GONE"):
        tracker.stopped(SyscallStop.SYSCALL, *seen)


def test_a_program_that_calls_number_minus_one_keeps_its_number_where_filters_leave_it() -> None:
    for regime, number in ((Regime.R1, -1), (Regime.R2, None), (Regime.R3, -1)):
        tracker = SyscallTracker(regime)
        tracker.resumed(Request.SYSCALL, -1, 0)
        assert tracker.stopped(SyscallStop.SYSCALL, -1, -38).facts == (Began(number, regime is Regime.R2),)


@pytest.mark.parametrize("regime", list(Regime))
def test_a_task_that_goes_in_a_call_cuts_it_short(regime: Regime) -> None:
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.CONT, -1, 0)
    tracker.stopped(SyscallStop.SECCOMP, 231, -38)
    tracker.resumed(Request.CONT, 231, -38)
    assert tracker.stopped(SyscallStop.GONE, 0, 0).facts == (eras.Ended(231, None, Fate.CUT_SHORT),)
    tracker.resumed(Request.CONT, 231, -38)
    assert tracker.expected() == {Meaning.GONE}
    assert tracker.stopped(SyscallStop.GONE, 0, 0).facts == ()
    with pytest.raises(UnexpectedStop, match="expected GONE"):
        tracker.stopped(SyscallStop.SIGNAL, 0, 0)


def test_a_stop_of_a_stopped_task_is_unexpected_unless_it_was_killed() -> None:
    with pytest.raises(UnexpectedStop, match="not let go; expected GONE"):
        SyscallTracker(Regime.R3).stopped(SyscallStop.SIGNAL, 0, 0)
    assert SyscallTracker(Regime.R3).stopped(SyscallStop.GONE, 0, 0).meaning is Meaning.GONE


@pytest.mark.parametrize("regime", list(Regime))
def test_a_skip_whose_result_a_filter_may_still_change_has_no_known_result(regime: Regime) -> None:
    """Number -1 left at the entry stop by CONT: in R3 the filter is still to come."""
    tracker = SyscallTracker(regime)
    tracker.resumed(Request.SYSCALL, -1, 0)
    tracker.stopped(SyscallStop.SYSCALL, 39, -38)
    tracker.resumed(Request.CONT, -1, 5)
    result = None if regime is Regime.R3 else 5
    assert tracker.stopped(SyscallStop.SIGNAL, 0, 0).facts == (eras.Ended(39, result, Fate.SKIPPED),)


def test_a_number_put_back_at_the_entry_of_an_answered_call_runs() -> None:
    """R2: a filter answers by making the number -1, which the tracer may undo."""
    tracker = SyscallTracker(Regime.R2)
    tracker.resumed(Request.SYSCALL, -1, 0)
    assert tracker.stopped(SyscallStop.SYSCALL, -1, -13).facts == (Began(None, True),)
    tracker.resumed(Request.SYSCALL, 39, -13)
    assert tracker.stopped(SyscallStop.SYSCALL, 39, 1000).facts == (eras.Ended(None, 1000, Fate.LET_RUN),)


@pytest.mark.parametrize("name", ["A1", "A5", "B1"])
def test_what_the_kernel_says_of_a_stop_must_agree(name: str) -> None:
    scenario = read("6.1")[name]
    entry = next(index for index, step in enumerate(scenario.steps) if step.info is Info.ENTRY)
    steps = list(scenario.steps)
    steps[entry] = steps[entry]._replace(info=Info.EXIT)
    with pytest.raises(ContradictedStop, match="says EXIT of a stop that is ENTRY"):
        play(scenario._replace(steps=tuple(steps)), Regime.R3)


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize(
    ("name", "drive", "call"),
    [
        ("A1", Drive.SYSCALL, DrivenCall.TRACED),
        ("A3", Drive.CONT_THEN_SYSCALL, DrivenCall.TRACED),
        ("A5", Drive.SYSCALL, DrivenCall.ALLOWED),
        ("S1", Drive.CONT_THEN_SYSCALL, DrivenCall.ALLOWED),
        ("C9", Drive.SYSCALL, DrivenCall.SKIPPED),
        ("C2", Drive.CONT_THEN_SYSCALL, DrivenCall.SKIPPED),
    ],
)
def test_how_the_recorder_drives_a_call_shows_these_stops(
    regime: Regime, name: str, drive: Drive, call: DrivenCall
) -> None:
    """S1 stands for CONT through an allowed call, which the scenarios do not have: SINGLESTEP shows the same stops."""
    stops = eras.stops_of_call(regime, drive, call)
    assert "".join(_LETTERS[stop] for stop in stops) == EXPECTED[name, regime][0]
    meanings = final_meanings(play(read(A_KERNEL_OF[regime])[name], regime))
    assert tuple(meaning for meaning in meanings if meaning in _LETTERS) == stops


def _syscall_stops(kernel: str, name: str) -> list[Seen]:
    """The seccomp stops and syscall-stops of a scenario."""
    kinds = (SyscallStop.SECCOMP, SyscallStop.SYSCALL)
    return [Seen(step.stop, *step.seen) for step in read(kernel)[name].steps if step.stop in kinds]


def _probed(kernel: str) -> tuple[Seen, Seen | None]:
    """What decide_regime is told: A1 is SYSCALL through a traced call, D1 is SYSEMU over one that a filter answers."""
    traced = _syscall_stops(kernel, "A1")
    (seccomp,) = [number for number, seen in enumerate(traced) if seen.stop is SyscallStop.SECCOMP]
    return traced[seccomp + 1], next(iter(_syscall_stops(kernel, "D1")), None)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_probe_decides_the_regime(kernel: str) -> None:
    assert eras.decide_regime(GETPPID, *_probed(kernel)) is REGIME_OF[kernel]


@pytest.mark.parametrize(
    ("after_seccomp", "answered"),
    [
        (Seen(SyscallStop.SECCOMP, GETPPID, -38), None),
        (Seen(SyscallStop.SYSCALL, GETPPID + 1, -38), None),
        (Seen(SyscallStop.SYSCALL, GETPPID, -38), Seen(SyscallStop.SYSCALL, GETPPID, -38)),
        (Seen(SyscallStop.SYSCALL, GETPPID, -38), Seen(SyscallStop.SIGNAL, -1, -13)),
    ],
)
def test_stops_of_no_regime_decide_nothing(after_seccomp: Seen, answered: Seen | None) -> None:
    assert eras.decide_regime(GETPPID, after_seccomp, answered) is None


@pytest.mark.parametrize("regime", list(Regime))
def test_the_rules_are_what_the_kernels_did(regime: Regime) -> None:
    scenarios, rules = read(A_KERNEL_OF[regime]), eras.RULES[regime]
    no_seccomp_stop = all(step.stop is not SyscallStop.SECCOMP for step in scenarios["B2"].steps)
    assert (rules.order[0] is Meaning.ENTRY) == no_seccomp_stop
    assert (rules.order[0] is Meaning.SECCOMP) == (scenarios["D2"].end == "killed")
    assert rules.filter_runs_again == (scenarios["E1"].result == -13)


def test_every_error_is_an_era_error() -> None:
    assert all(issubclass(error, EraError) for error in (UnexpectedStop, ContradictedStop))
