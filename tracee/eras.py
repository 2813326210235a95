"""Kernel eras: what a syscall-stop or seccomp stop means, and which stop comes next, in every regime of Linux.

Three regimes have been seen (tests/eras holds what seven real kernels did).  They differ in a few facts, which stand in
RULES; everything else here follows from those.  A running kernel's regime is decided by decide_regime from what a probe
saw, never from a version number.

A SyscallTracker follows one task.  It is told every restart and every stop, and answers with facts that read the same
in all regimes: a syscall began, a syscall ended.  A stop that cannot come raises UnexpectedStop.

Before 4.8 nothing but the registers tells an entry stop from an exit stop, as an exit stop may come alone.
What the rules used here leave open:

- R1 and R2, let go by SYSCALL from user code: a stop with rax == -ENOSYS is taken for an entry, but is an exit stop
  where RET_TRACE found no PTRACE_O_TRACESECCOMP or, in R1, where a filter answered RET_ERRNO(ENOSYS).  Such an outcome
  is ``presumed``; when the exit that must follow does not come, the next outcome says ``corrects_entry`` and ends the
  call with that -ENOSYS.  Undetected: a number answered so and then called again at once is reported as one call.
- R2: at the entry stop of a call that a filter answered, orig_rax is -1 and the number is lost: Began.number is None,
  and only the code that led to the syscall instruction can tell.  RET_TRAP leaves the number in rax, so there it is
  known, except 0 (read), which looks like RET_ERRNO(0).  A program that calls number -1 looks like RET_ERRNO(ENOSYS).
- R1: an exit stop with no entry and rax == orig_rax == 0 is RET_ERRNO(0) or RET_TRAP of read; both are ANSWERED.
- R3: a filter that answers after the entry stop looks like a call that ran: LET_RUN covers both.
- R3: an entry stop left by CONT or SINGLESTEP, then a seccomp stop with the same number: taken for the same call.

Driven with CONT to the seccomp stop and SYSCALL from there, no regime leaves anything open; but a call that a filter
answers or allows shows no stop then.

Not to be fed to a tracker: a seccomp stop with rip in the vsyscall page.  It comes of a page fault and has no entry or
exit (Linux, Documentation/userspace-api/seccomp_filter.rst).

Sources: ptrace(2), "PTRACE_EVENT_SECCOMP stops"; Linux kernel/seccomp.c, arch/x86/kernel/ptrace.c (3.10) and
arch/x86/entry/common.c (4.4, 4.8); tests/eras.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias


class Regime(enum.Enum):
    """How a kernel orders the stops of a syscall."""

    R1 = "3.5 to about 3.18: seccomp first, every flag read after it"
    R2 = "3.19 to 4.7: seccomp first, the SYSEMU flag read before it"
    R3 = "4.8 and later: the entry stop first, then seccomp on what the tracer left"


class Request(enum.IntEnum):
    """The ptrace(2) requests that let a task go, by their numbers in sys/ptrace.h."""

    CONT = 7
    SINGLESTEP = 9
    SYSCALL = 24
    SYSEMU = 31
    SYSEMU_SINGLESTEP = 32


class SyscallStop(enum.IntEnum):
    """What waitpid can tell of a stop."""

    SECCOMP = 1
    """PTRACE_EVENT_SECCOMP."""
    SYSCALL = 2
    """SIGTRAP|0x80: a syscall-stop, entry or exit."""
    EVENT = 3
    """PTRACE_EVENT_FORK, VFORK, CLONE, EXEC, VFORK_DONE: inside a syscall that runs."""
    SIGNAL = 4
    """A signal-delivery-stop, group-stop or PTRACE_EVENT_STOP: at the edge of user code, inside no syscall."""
    GONE = 5
    """PTRACE_EVENT_EXIT, or waitpid reports the end: the task performs nothing more."""


class Info(enum.IntEnum):
    """The ``op`` that PTRACE_GET_SYSCALL_INFO reports (linux/ptrace.h; 5.3 and later)."""

    NONE = 0
    ENTRY = 1
    EXIT = 2
    SECCOMP = 3


class Meaning(enum.IntEnum):
    """What a stop is.  The last three say no more than SyscallStop does."""

    SECCOMP = 1
    ENTRY = 2
    EXIT = 3
    EVENT = 4
    SIGNAL = 5
    GONE = 6


class Fate(enum.Enum):
    """What became of a syscall."""

    LET_RUN = "let go to run: it ran, or a filter acted on it after its last stop"
    SKIPPED = "not performed: under SYSEMU, or its number was negative when it was let go"
    ANSWERED = "not performed: a filter answered it before its first syscall-stop"
    CUT_SHORT = "the task was gone before any sign of its end"


class Began(NamedTuple):
    """A syscall began.

    ``number`` is the original one, None where the kernel has overwritten it.  ``answered`` says that a filter has
    answered the call already (RET_ERRNO or RET_TRAP), so that it will not run.
    """

    number: int | None
    answered: bool


class Ended(NamedTuple):
    """The end of the syscall that the latest Began began.

    ``result`` is rax, signed; None where the tracer asked for no exit stop and cannot know it.
    """

    number: int | None
    result: int | None
    fate: Fate


Fact: TypeAlias = "Began | Ended"


class Outcome(NamedTuple):
    """What one stop means.  ``facts`` are in the order in which they happened.

    ``presumed``: the stop is taken for an entry, and the next one may prove it an exit.
    ``corrects_entry``: the stop before, reported as ENTRY, was in truth the only stop of its call, an exit.
    """

    meaning: Meaning
    facts: tuple[Fact, ...] = ()
    presumed: bool = False
    corrects_entry: bool = False


class EraError(Exception):
    """The kernel's stops are not what this regime allows; the message is one sentence for the user."""


class UnexpectedStop(EraError):
    """A stop came that cannot come here; the message names it and what was expected."""


class ContradictedStop(EraError):
    """PTRACE_GET_SYSCALL_INFO calls a stop something else than the regime's rules do."""


class FlagRead(enum.Enum):
    """When the kernel reads one of the flags that a restart request sets on a task."""

    AT_INSTRUCTION = "as the syscall instruction traps, before any stop"
    AFTER_SECCOMP_STOP = "once the seccomp stop, if there is one, is over"


class AnsweredCall(enum.Enum):
    """Which syscall-stops a call shows that a filter answered with RET_ERRNO or RET_TRAP."""

    EXIT_ALONE = "no entry stop; an exit stop with the number and the answer"
    NUMBER_LOST = "entry and exit, both with orig_rax -1 and the answer in rax"
    LIKE_ANY_OTHER = "entry before the filter acts, then exit with the answer"


class Rules(NamedTuple):
    """All that tells one regime from another."""

    order: tuple[Meaning, Meaning, Meaning]
    """A call's stops in the order in which they come, those that come."""
    syscall_flag_read: FlagRead
    """PTRACE_SYSCALL's flag, as it decides the entry stop.  For the exit stop every kernel reads it at the exit."""
    sysemu_flag_read: FlagRead
    """PTRACE_SYSEMU's flag: it gives an entry stop and skips the call, whatever request leaves that stop."""
    answered_call: AnsweredCall
    filter_runs_again: bool
    """Whether filters judge what the tracer left at a stop; RET_TRACE then means allow after a seccomp stop."""


RULES: Mapping[Regime, Rules] = {
    Regime.R1: Rules(
        order=(Meaning.SECCOMP, Meaning.ENTRY, Meaning.EXIT),
        syscall_flag_read=FlagRead.AFTER_SECCOMP_STOP,
        sysemu_flag_read=FlagRead.AFTER_SECCOMP_STOP,
        answered_call=AnsweredCall.EXIT_ALONE,
        filter_runs_again=False,
    ),
    Regime.R2: Rules(
        order=(Meaning.SECCOMP, Meaning.ENTRY, Meaning.EXIT),
        syscall_flag_read=FlagRead.AFTER_SECCOMP_STOP,
        sysemu_flag_read=FlagRead.AT_INSTRUCTION,
        answered_call=AnsweredCall.NUMBER_LOST,
        filter_runs_again=False,
    ),
    Regime.R3: Rules(
        order=(Meaning.ENTRY, Meaning.SECCOMP, Meaning.EXIT),
        syscall_flag_read=FlagRead.AT_INSTRUCTION,
        sysemu_flag_read=FlagRead.AT_INSTRUCTION,
        answered_call=AnsweredCall.LIKE_ANY_OTHER,
        filter_runs_again=True,
    ),
}

SYSEMU_REQUESTS = frozenset({Request.SYSEMU, Request.SYSEMU_SINGLESTEP})
ENOSYS = 38
"""Its negative stands in rax at every entry stop: the kernel puts it there before anything else (arch/x86/entry)."""
LARGEST_ANSWER = 0xFFFF
"""RET_ERRNO's errno has 16 bits; later kernels cap it at 4095 (kernel/seccomp.c)."""
CHANGES_ITS_NUMBER: Mapping[int, str] = {
    15: "rt_sigreturn leaves -1 in orig_rax",
    59: "execve leaves the number it has in the new program's personality",
    322: "execveat leaves execve's number",
}
"""Syscalls whose exit stop need not show the number that was let go (arch/x86/kernel/signal.c, process_64.c)."""

_INFO_OF: Mapping[Meaning, Info] = {
    Meaning.SECCOMP: Info.SECCOMP,
    Meaning.ENTRY: Info.ENTRY,
    Meaning.EXIT: Info.EXIT,
    Meaning.EVENT: Info.NONE,
    Meaning.SIGNAL: Info.NONE,
}


class Drive(enum.Enum):
    """The recorder's two ways of taking a task through a syscall."""

    CONT_THEN_SYSCALL = "CONT until the seccomp stop, SYSCALL from it"
    SYSCALL = "SYSCALL from every stop"


class DrivenCall(enum.Enum):
    """The syscalls that the recorder drives."""

    TRACED = "the filter answers RET_TRACE"
    ALLOWED = "the filter answers RET_ALLOW"
    SKIPPED = "the filter answers RET_TRACE to every number, -1 too, and the tracer makes it -1 at the first stop"


def stops_of_call(regime: Regime, drive: Drive, call: DrivenCall) -> tuple[Meaning, ...]:
    """The stops that a whole call shows, in order."""
    rules = RULES[regime]
    seccomp_first = rules.order[0] is Meaning.SECCOMP
    absent: set[Meaning] = set()
    if call is DrivenCall.ALLOWED:
        absent |= {Meaning.SECCOMP} if drive is Drive.SYSCALL else set(rules.order)
    if drive is Drive.CONT_THEN_SYSCALL and rules.syscall_flag_read is FlagRead.AT_INSTRUCTION:
        absent.add(Meaning.ENTRY)
    if call is DrivenCall.SKIPPED and seccomp_first:
        absent.add(Meaning.ENTRY)
    return tuple(stop for stop in rules.order if stop not in absent)


def is_negative(number: int) -> bool:
    """Whether the kernel takes orig_rax for negative and performs nothing: it looks at the lower 32 bits, signed."""
    return bool(number & 0x8000_0000)


class _Ahead(NamedTuple):
    """The stops that a call can still show; ``certain`` if the last of them must come once the call goes on."""

    stops: frozenset[Meaning]
    certain: bool


@functools.cache
def _ahead(regime: Regime, latest: Meaning | None, first: Request, now: Request, negative: bool) -> _Ahead:
    """What is ahead of a call past its stop ``latest``, None before its first.  Past an EVENT only the exit is ahead.

    ``first`` is the request under which it reached the syscall instruction, ``now`` the one that left the latest stop,
    ``negative`` says that the number left at a stop was.
    """
    rules = RULES[regime]
    seccomp_first = rules.order[0] is Meaning.SECCOMP
    read = {FlagRead.AT_INSTRUCTION: first, FlagRead.AFTER_SECCOMP_STOP: now}
    sysemu = read[rules.sysemu_flag_read] in SYSEMU_REQUESTS
    syscall = read[rules.syscall_flag_read] is Request.SYSCALL
    comes = {
        Meaning.SECCOMP: seccomp_first or not sysemu,
        Meaning.ENTRY: (syscall or sysemu) and not (negative and latest is Meaning.SECCOMP),
        Meaning.EXIT: now is Request.SYSCALL,
    }
    certain = {
        Meaning.SECCOMP: False,
        Meaning.ENTRY: latest is not None or not seccomp_first,
        Meaning.EXIT: True,
    }
    after = {None: 0, Meaning.EVENT: 2} | {stop: place + 1 for place, stop in enumerate(rules.order)}
    stops: set[Meaning] = set()
    for stop in rules.order[after[latest] :]:
        if comes[stop]:
            stops.add(stop)
            if certain[stop]:
                return _Ahead(frozenset(stops), True)
    return _Ahead(frozenset(stops), False)


class SyscallTracker:
    """The syscall stops of one task, made sense of.  It starts in user code, stopped.

    For each restart call ``resumed``, for each stop ``stopped``.  Values of orig_rax and rax are signed 64-bit.
    """

    def __init__(self, regime: Regime) -> None:
        self.regime = regime
        self._rules = RULES[regime]
        self._running = False
        self._gone = False
        self._now = Request.CONT
        self._left_number = -1
        self._left_rax = 0
        self._leave_call()

    def _leave_call(self) -> None:
        """The task is in user code again."""
        self._latest: Meaning | None = None
        self._first = Request.CONT
        self._number: int | None = None
        self._answered = False
        self._presumed = False
        self._emulated = False

    def resumed(self, request: Request, orig_rax: int, rax: int) -> None:
        """The tracer lets the task go, having left these values in its registers."""
        self._running = True
        self._now = request
        self._left_number = orig_rax
        self._left_rax = rax

    def stopped(self, stop: SyscallStop, orig_rax: int, rax: int, info: Info | None = None) -> Outcome:
        """What a stop means.  Give ``info`` where the kernel has PTRACE_GET_SYSCALL_INFO; it must agree.

        The values do not matter for SyscallStop.SIGNAL and GONE.  Raises UnexpectedStop and ContradictedStop, after
        which the tracker is of no further use.
        """
        outcome = self._outcome(stop, orig_rax, rax)
        if info is not None and _INFO_OF.get(outcome.meaning, info) is not info:
            raise ContradictedStop(
                f"PTRACE_GET_SYSCALL_INFO says {info.name} of a stop that is {outcome.meaning.name} by the rules "
                f"of {self.regime.name} (orig_rax {orig_rax}, rax {rax})"
            )
        self._running = False
        return outcome

    def expected(self) -> frozenset[Meaning]:
        """The stops that may come next.  A stopped task can only be killed."""
        if self._gone or not self._running:
            return frozenset({Meaning.GONE})
        if self._latest is None:
            return self._expected_of_next_call()
        own = self._stops_ahead() | {Meaning.GONE}
        return own | self._expected_of_next_call() if self._may_be_over() else own

    def _expected_of_next_call(self) -> frozenset[Meaning]:
        stops = self._next_call().stops | {Meaning.SIGNAL, Meaning.GONE}
        return stops if Meaning.ENTRY in stops else stops | {Meaning.EVENT}

    def _next_call(self) -> _Ahead:
        """What is ahead of the next call that the task makes."""
        return _ahead(self.regime, None, self._now, self._now, False)

    def _this_call(self) -> _Ahead:
        """What is ahead of the call under way."""
        return _ahead(self.regime, self._latest, self._first, self._now, is_negative(self._left_number))

    def _stops_ahead(self) -> frozenset[Meaning]:
        """What the call under way can show, EVENT among it if it may be running."""
        stops = self._this_call().stops
        may_run = Meaning.ENTRY not in stops and self._fate() is Fate.LET_RUN
        return stops | {Meaning.EVENT} if may_run else stops

    def _may_be_over(self) -> bool:
        """Whether the call under way can have ended without another stop."""
        return self._presumed or not self._this_call().certain

    def _fate(self) -> Fate:
        """What becomes of the call under way, as it was left."""
        negative = is_negative(self._left_number)
        if self._answered and negative:
            return Fate.ANSWERED
        return Fate.SKIPPED if self._emulated or negative else Fate.LET_RUN

    def _outcome(self, stop: SyscallStop, orig_rax: int, rax: int) -> Outcome:
        if stop is SyscallStop.GONE:
            return self._task_gone()
        if self._gone or not self._running:
            raise self._unexpected(stop, orig_rax, rax)
        if self._latest is not None:
            meaning = self._meaning_in_this_call(stop, orig_rax, rax)
            if meaning is not None:
                return self._further_stop(meaning, rax)
        meaning = self._meaning_in_user_code(stop, orig_rax, rax)
        if meaning is None or not (self._latest is None or self._may_be_over()):
            raise self._unexpected(stop, orig_rax, rax)
        if self._latest is None:
            return self._first_stop(meaning, orig_rax, rax)
        corrects = self._presumed and self._this_call().certain
        ended = self._unseen_end(corrects)
        self._leave_call()
        outcome = self._first_stop(meaning, orig_rax, rax)
        return outcome._replace(facts=(ended, *outcome.facts), corrects_entry=corrects)

    def _meaning_in_this_call(self, stop: SyscallStop, orig_rax: int, rax: int) -> Meaning | None:
        """What a stop means if it is one of the call under way; None if it cannot be."""
        stops = self._this_call().stops
        same = orig_rax == self._left_number
        if stop is SyscallStop.SYSCALL:
            if Meaning.ENTRY in stops and same and rax == self._left_rax:
                return Meaning.ENTRY
            is_exit = Meaning.EXIT in stops and (same or self._left_number in CHANGES_ITS_NUMBER)
            return Meaning.EXIT if is_exit else None
        if stop is SyscallStop.SECCOMP:
            return Meaning.SECCOMP if Meaning.SECCOMP in stops and same else None
        if stop is SyscallStop.EVENT and Meaning.EVENT in self._stops_ahead():
            return Meaning.EVENT if same or self._left_number in CHANGES_ITS_NUMBER else None
        return None

    def _meaning_in_user_code(self, stop: SyscallStop, orig_rax: int, rax: int) -> Meaning | None:
        """What a stop means if it found the task in user code; None if it cannot have."""
        stops = self._next_call().stops
        if stop is SyscallStop.SIGNAL:
            return Meaning.SIGNAL
        if stop is SyscallStop.EVENT:
            return None if Meaning.ENTRY in stops else Meaning.EVENT
        if stop is SyscallStop.SECCOMP:
            return Meaning.SECCOMP if Meaning.SECCOMP in stops else None
        answered = self._rules.answered_call
        number_lost = answered is AnsweredCall.NUMBER_LOST and orig_rax == -1
        if Meaning.ENTRY in stops and (rax == -ENOSYS or number_lost):
            return Meaning.ENTRY
        is_answer = -LARGEST_ANSWER <= rax <= 0 or rax == orig_rax
        if Meaning.EXIT in stops and answered is AnsweredCall.EXIT_ALONE and is_answer:
            return Meaning.EXIT
        return None

    def _first_stop(self, meaning: Meaning, orig_rax: int, rax: int) -> Outcome:
        """A stop that found the task in user code: the first of a call, or a SIGNAL."""
        if meaning is Meaning.SIGNAL:
            return Outcome(meaning)
        if meaning is Meaning.EXIT:
            return Outcome(meaning, (Began(orig_rax, True), Ended(orig_rax, rax, Fate.ANSWERED)))
        self._latest = meaning
        self._first = self._now
        self._number = orig_rax
        if meaning is Meaning.ENTRY:
            self._emulated = self._now in SYSEMU_REQUESTS
            self._presumed = rax == -ENOSYS and Meaning.EXIT in self._next_call().stops
            if self._rules.answered_call is AnsweredCall.NUMBER_LOST and orig_rax == -1:
                self._answered = True
                self._number = rax if rax > 0 else None
        return Outcome(meaning, (Began(self._number, self._answered),), self._presumed)

    def _further_stop(self, meaning: Meaning, rax: int) -> Outcome:
        """A stop of the call under way after its first."""
        if meaning is Meaning.EXIT:
            ended = Ended(self._number, rax, self._fate())
            self._leave_call()
            return Outcome(meaning, (ended,))
        self._presumed = False
        if meaning is Meaning.ENTRY:
            at_instruction = self._rules.sysemu_flag_read is FlagRead.AT_INSTRUCTION
            self._emulated = (self._first if at_instruction else self._now) in SYSEMU_REQUESTS
        self._latest = meaning
        return Outcome(meaning)

    def _unseen_end(self, was_exit: bool) -> Ended:
        """The end of a call that shows no further stop; ``was_exit``: because its presumed entry was its exit."""
        if was_exit:
            return Ended(self._number, self._left_rax, Fate.ANSWERED)
        fate = self._fate()
        filter_to_come = Meaning.SECCOMP in self._this_call().stops
        known = fate is not Fate.LET_RUN and not filter_to_come
        return Ended(self._number, self._left_rax if known else None, fate)

    def _task_gone(self) -> Outcome:
        facts = () if self._latest is None else (Ended(self._number, None, Fate.CUT_SHORT),)
        self._gone = True
        self._leave_call()
        return Outcome(Meaning.GONE, facts)

    def _unexpected(self, stop: SyscallStop, orig_rax: int, rax: int) -> UnexpectedStop:
        where, left = "in user code", "not let go"
        if self._latest is not None:
            where = f"in syscall {self._number} past its {self._latest.name} stop"
        if self._running:
            left = f"let go by {self._now.name} with orig_rax {self._left_number}, rax {self._left_rax}"
        expected = " or ".join(meaning.name for meaning in sorted(self.expected()))
        return UnexpectedStop(
            f"unexpected {stop.name} stop (orig_rax {orig_rax}, rax {rax}) by the rules of {self.regime.name}: "
            f"the task was {where}, {left}; expected {expected}"
        )


class Seen(NamedTuple):
    """One stop of a probe's child; signed values."""

    stop: SyscallStop
    orig_rax: int
    rax: int


def decide_regime(number: int, after_seccomp: Seen, emulated_answered: Seen | None) -> Regime | None:
    """The regime that the stops of a probe's two calls show; None when they are those of none.

    ``after_seccomp`` is where SYSCALL leads to from the seccomp stop of the first call, that of ``number``;
    ``emulated_answered`` the first stop that the second call shows under SYSEMU, None where it shows none: a filter
    answers it with RET_ERRNO, with another errno than ENOSYS.
    """
    if after_seccomp.stop is not SyscallStop.SYSCALL or after_seccomp.orig_rax != number:
        return None
    if after_seccomp.rax != -ENOSYS:
        return Regime.R3
    if emulated_answered is None:
        return Regime.R1
    lost = emulated_answered.stop is SyscallStop.SYSCALL and emulated_answered.orig_rax == -1
    return Regime.R2 if lost else None
