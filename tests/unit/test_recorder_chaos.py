"""The policy of chaos: what it answers, how often, and that a seed decides all of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redrive.recorder.chaos import (
    LONGEST_SLICE,
    LONGEST_WEATHER,
    MOST_STEPS,
    SHORTEST_SLICE,
    SHORTEST_WEATHER,
    YOUNG,
    Chaos,
)

SEEDS = range(100)
SECONDS = 30


def over_time(chaos: Chaos, ask: Callable[[Chaos], object]) -> list[object]:
    """The answers to a question asked a hundred times a second."""
    answers = []
    for tick in range(SECONDS * 100):
        chaos.at(tick / 100)
        answers.append(ask(chaos))
    return answers


def everything(chaos: Chaos) -> tuple[object, ...]:
    return (
        chaos.slice_length(),
        chaos.priority(7),
        chaos.is_starved(7),
        chaos.wake_delay(),
        chaos.switch_now(7),
        chaos.hold(),
        chaos.extra_steps(),
        chaos.shorten_now(),
        chaos.short_count(100, 1),
        chaos.changes_at,
    )


def test_the_seed_decides() -> None:
    assert over_time(Chaos(5), everything) == over_time(Chaos(5), everything)
    assert over_time(Chaos(5), everything) != over_time(Chaos(6), everything)


def test_the_first_answers_of_a_seed_are_never_changed() -> None:
    """What somebody has noted as a seed that finds a bug goes on to mean the same, on every Python."""
    chaos = Chaos(1)
    chaos.at(0.0)
    assert [chaos.extra_steps() for _ in range(5)] == [0, 1299, 7, 322, 1936]
    assert chaos.changes_at == pytest.approx(0.03046375876525044)


def test_slices_are_spread_over_orders_of_magnitude() -> None:
    lengths = [length for seed in range(20) for length in over_time(Chaos(seed), Chaos.slice_length)]
    assert all(SHORTEST_SLICE <= length <= LONGEST_SLICE for length in lengths)
    for low in (5e-6, 5e-5, 5e-4, 5e-3):
        share = sum(low <= length < 10 * low for length in lengths) / len(lengths)
        assert share > 0.05, f"from {low} s on"


@pytest.mark.parametrize(
    "question",
    [Chaos.wake_delay, lambda chaos: chaos.switch_now(1), Chaos.shorten_now, lambda chaos: chaos.is_starved(1)],
    ids=["delays", "switches", "short counts", "starvation"],
)
def test_a_quarter_of_the_runs_leaves_it_out(question: Callable[[Chaos], object]) -> None:
    runs = [any(over_time(Chaos(seed), question)) for seed in SEEDS]
    assert 0.65 < sum(runs) / len(runs) < 0.85


@pytest.mark.parametrize(
    ("question", "least", "most"),
    [(Chaos.wake_delay, 0.03, 0.25), (lambda chaos: chaos.switch_now(1), 0.01, 0.2), (Chaos.shorten_now, 0.03, 0.25)],
    ids=["delays", "switches", "short counts"],
)
def test_most_of_the_time_nothing_special_happens(
    question: Callable[[Chaos], object], least: float, most: float
) -> None:
    answers = [bool(answer) for seed in SEEDS for answer in over_time(Chaos(seed), question)[:1000]]
    assert least < sum(answers) / len(answers) < most


def test_priorities_stay_while_the_weather_does_and_differ_between_tasks() -> None:
    chaos = Chaos(3)
    before: dict[int, float] = {}
    changes = 0
    end = 0.0
    for tick in range(10_000):
        chaos.at(tick / 1000)
        drawn = {tid: chaos.priority(tid) for tid in range(1, 4)}
        assert len(set(drawn.values())) == 3 and all(0 <= value < 1 for value in drawn.values())
        if chaos.changes_at == end:
            assert drawn == before
        else:
            changes += 1
        before, end = drawn, chaos.changes_at
    assert changes > 10


def test_a_task_that_was_lowered_is_behind_all_others_until_the_weather_changes() -> None:
    chaos = Chaos(3)
    chaos.at(0.0)
    chaos.lower(1)
    chaos.lower(2)
    assert chaos.priority(2) < chaos.priority(1) < chaos.priority(3)
    chaos.lower(3)
    assert chaos.priority(3) < chaos.priority(2)
    chaos.at(chaos.changes_at)
    assert all(chaos.priority(tid) >= 0 for tid in (1, 2, 3))


def test_nobody_is_starved_for_longer_than_the_weather_lasts() -> None:
    for seed in SEEDS:
        chaos = Chaos(seed)
        now = 0.0
        while now < SECONDS:
            chaos.at(now)
            assert SHORTEST_WEATHER <= chaos.changes_at - now <= LONGEST_WEATHER
            now = chaos.changes_at


def test_a_task_in_five_is_starved_and_seldom() -> None:
    starved = [
        tid_is_starved
        for seed in SEEDS
        for answers in over_time(Chaos(seed), lambda chaos: [chaos.is_starved(tid) for tid in range(10)])[::100]
        for tid_is_starved in answers  # type: ignore[attr-defined]
    ]
    assert 0.01 < sum(starved) / len(starved) < 0.06


def test_extra_steps() -> None:
    chaos = Chaos(1)
    steps = [chaos.extra_steps() for _ in range(20_000)]
    assert (min(steps), max(steps)) == (0, MOST_STEPS)
    for first, last in ((0, 0), (1, 100), (101, 1000), (1001, MOST_STEPS)):
        assert 0.05 < sum(first <= step <= last for step in steps) / len(steps) < 0.5


@pytest.mark.parametrize(("count", "least"), [(2, 1), (3, 1), (100, 1), (5000, 4096), (4097, 4096)])
def test_short_counts(count: int, least: int) -> None:
    chaos = Chaos(1)
    counts = [chaos.short_count(count, least) for _ in range(1000)]
    assert all(least <= answer < count for answer in counts)
    assert {least, count - 1} <= set(counts)


def test_the_young_are_disturbed_most() -> None:
    shares = []
    for events in (slice(YOUNG), slice(YOUNG, 50)):
        answers = [chaos.switch_now(tid) for chaos in map(Chaos, SEEDS) for tid in range(5) for _ in range(50)]
        per_task = [answers[start : start + 50][events] for start in range(0, len(answers), 50)]
        shares.append(sum(map(sum, per_task)) / sum(map(len, per_task)))
    assert shares[0] > 0.3 and shares[1] == 0


def test_before_the_first_turn_all_is_calm_but_for_the_young() -> None:
    for seed in SEEDS:
        chaos = Chaos(seed)
        assert not chaos.wake_delay() and not chaos.is_starved(1)
        assert not chaos.shorten_now()
