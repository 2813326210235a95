"""What a hunt tells people: how far it is, each failure, and at the end what was found and what to type next."""

from __future__ import annotations

import time
from collections import defaultdict

import click

from redrive.recorder.attempt import Judgement, Kind
from redrive.recorder.hunt import Failure, HuntOptions, Tally
from redrive.tools.escaping import escape
from redrive.tools.messages import say
from redrive.tools.progress_line import ProgressLine
from redrive.tools.wait_status import describe

_LINE_EVERY = 60.0
"""Seconds between two lines about the progress, where there is no terminal to redraw one on."""
_NAMED_RUNS = 10
"""So many runs of a kind are named in the summary."""


class HuntReport:
    """The words of one hunt.  On a terminal its progress is one line, written again and again."""

    def __init__(self, options: HuntOptions) -> None:
        self._options = options
        self._line = ProgressLine()
        self._next = time.monotonic() + _LINE_EVERY
        if options.record.chaos_seed is not None:
            say(f"the first run's seed is {options.record.chaos_seed}")

    def progressed(self, tally: Tally) -> None:
        """How far the hunt is, but not more often than anybody reads."""
        if self._line.is_on_terminal:
            if self._line.is_due():
                self._line.draw(self._progress(tally))
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_EVERY
            say(self._progress(tally))

    def failed(self, failure: Failure, output: bytes) -> None:
        """A failing run: what it wrote, to stdout, and how it ended and where it is kept, to stderr."""
        self.clear()
        click.echo(output, nl=output[-1:] not in (b"", b"\n"))
        text = f"{_name(failure)} failed: {self._kind(failure.judgement)}"
        click.echo(f"redrive: {click.style(escape(text), fg='red')}", err=True)
        for sentence in (*failure.judgement.notes, failure.judgement.error):
            if sentence and failure.judgement.kind is not Kind.TIMEOUT:
                say(sentence)
        if failure.archive is not None:
            say(f"kept in {failure.archive}")

    def summarise(self, tally: Tally) -> None:
        """What was found, and the command that shows it."""
        self.clear()
        ended = ", ended by a signal" if tally.ended_by else ""
        say(f"{_runs(tally.runs)} in {tally.seconds:.1f} s{ended}: {tally.passed} passed, {len(tally.failures)} failed")
        kinds: dict[str, list[Failure]] = defaultdict(list)
        for failure in tally.failures:
            kinds[self._kind(failure.judgement)].append(failure)
        for kind, failures in kinds.items():
            often = f", {len(failures)} times" if len(failures) > 1 else ""
            more = f" and {len(failures) - _NAMED_RUNS} more" if len(failures) > _NAMED_RUNS else ""
            say(f"  {kind}{often}: {', '.join(map(_name, failures[:_NAMED_RUNS]))}{more}")
        kept = next((failure.archive for failure in reversed(tally.failures) if failure.archive), None)
        if kept is not None:
            say(f"to see it again: redrive replay {kept.stem}")

    def clear(self) -> None:
        """Take the progress line away: something else is written."""
        self._line.clear()

    def _progress(self, tally: Tally) -> str:
        runs = _runs(tally.runs) if self._options.runs is None else f"{tally.runs} of {_runs(self._options.runs)}"
        failed = f"{len(tally.failures)} failed" if tally.failures else "none failed"
        return f"{runs}, {failed}, {tally.running} running, {tally.seconds:.0f} s"

    def _kind(self, judgement: Judgement) -> str:
        if judgement.kind is Kind.TIMEOUT:
            return f"no end after {self._options.timeout:g} s"
        if judgement.kind is Kind.OUTPUT:
            assert self._options.fail_if is not None
            return f"output with {escape(self._options.fail_if.pattern.decode(errors='surrogateescape'))}"
        if judgement.kind is Kind.UNRECORDED:
            return "not recorded"
        assert judgement.wait_status is not None
        return describe(judgement.wait_status)


def _name(failure: Failure) -> str:
    return f"run {failure.run}" if failure.seed is None else f"run {failure.run} (seed {failure.seed})"


def _runs(number: int) -> str:
    return f"{number} run" if number == 1 else f"{number} runs"
