"""The process tree of a trace."""

from __future__ import annotations

from redrive.formats.events import Clone, Event, Exec, Exit
from redrive.tools.process_tree import CLONE_THREAD, DEEPEST, Process, read_process_trees, walk


def runs(task: int, *arguments: bytes) -> Exec:
    return Exec(task, task, arguments[0], arguments, (), b"", b"", 0, (), (), b"")


def makes(task: int, child: int, flags: int = 17) -> Clone:
    return Clone(task, child, flags, b"", (), b"")


def ends(task: int, status: int = 0) -> Exit:
    return Exit(task, status, (), b"")


def shown(*events: Event) -> list[tuple[int, int, int | None, bytes, int | None]]:
    return [
        (depth, process.pid, process.parent, b" ".join(process.arguments), process.wait_status)
        for depth, process in walk(read_process_trees(enumerate(events)))
    ]


def test_parents_come_before_their_children() -> None:
    assert shown(
        runs(1, b"sh"),
        makes(1, 2),
        makes(2, 3),
        makes(1, 4),
        runs(3, b"cat", b"x"),
        ends(3, 256),
        ends(2),
        ends(4),
        ends(1),
    ) == [
        (0, 1, None, b"sh", 0),
        (1, 2, 1, b"sh", 0),
        (2, 3, 2, b"cat x", 256),
        (1, 4, 1, b"sh", 0),
    ]


def test_the_latest_program_of_a_process_is_the_one_shown() -> None:
    assert shown(runs(1, b"env"), runs(1, b"ls")) == [(0, 1, None, b"ls", None)]


def test_a_pid_that_comes_again_is_another_process() -> None:
    events = runs(1, b"sh"), makes(1, 2), runs(2, b"one"), ends(2), makes(1, 2), runs(2, b"two"), ends(2, 9)
    assert shown(*events)[1:] == [(1, 2, 1, b"one", 0), (1, 2, 1, b"two", 9)]


def test_children_of_an_orphan_and_threads() -> None:
    events = (
        runs(1, b"sh"),
        makes(1, 2),
        ends(1),
        makes(2, 3, CLONE_THREAD),
        ends(3),
        makes(2, 4),
        ends(2),
    )
    assert shown(*events) == [(0, 1, None, b"sh", 0), (1, 2, 1, b"sh", 0), (2, 4, 2, b"sh", None)]


def test_a_deep_tree_needs_no_recursion() -> None:
    chain: list[Event] = [runs(1, b"sh"), *(makes(pid, pid + 1) for pid in range(1, 3000))]
    trees: list[Process] = read_process_trees(enumerate(chain))
    depths = [depth for depth, _ in walk(trees)]
    assert (len(depths), max(depths)) == (3000, DEEPEST)
