"""A task under record: what the recorder knows of it between two stops."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from redrive.formats.events import Inputs
from redrive.recorder.disguise import Identity
from redrive.recorder.forced_signals import Wishes
from redrive.recorder.planted_sites import NOWHERE, PlantedSites
from redrive.recorder.repeated_signals import RepeatedSignals
from redrive.tracee.eras import Regime, SyscallTracker
from redrive.tracee.monotonic import monotonic_ns
from redrive.tracee.syscalls import Syscall
from redrive.tracee.tracee import Tracee

if TYPE_CHECKING:
    from redrive.recorder.changed_memory import Snapshot


class State(enum.Enum):
    """Where a task is, for the scheduler."""

    READY = "its stop has been handled; it can be resumed"
    STOPPED = "its stop has been collected and waits to be handled"
    SLEEPING = "resumed, and waiting in the kernel or in a group-stop"
    DYING = "past its exit event; its end has not been collected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the recorder says in the kernel's place: the result, and memory it writes."""

    result: int
    writes: tuple[tuple[int, bytes], ...] = ()


@dataclass(slots=True)
class OpenCall:
    """A syscall between its first and its last stop."""

    number: int
    arguments: tuple[int, ...]
    syscall: Syscall | None
    entry: bytes
    """Registers at the first stop, as the program left them."""
    inputs: Inputs = ()
    written: bool = False
    """Whether its SyscallEntry is in the trace."""
    prepared: bool = False
    """Whether it has come to the stop where the recorder decides about it; another filter's answer prevents that."""
    answer: Answer | None = None
    """Set when the kernel is made to skip the call."""
    pages: dict[int, bytes] | None = None
    """For a call the table does not know: the pages around its arguments, before."""
    answered: bool = False
    """Whether a filter had answered it before its first stop, so that it never ran."""
    former_task: int = 0
    """Set by PTRACE_EVENT_EXEC: the tid that called execve."""
    child_seen: bool = False
    """Whether the task this call made has been taken over."""
    may_block: bool = False
    is_let_go: bool = False
    """Whether it has been let go on its way into the kernel."""
    reaches_others: bool = False
    """Whether it changes what other tasks see, so that none of them may run before its end."""
    postponed: bool = False
    """Whether signals that met the code before it have been raised again, and go first."""
    changed: str = ""
    """The register whose value the kernel was given another for; the program gets its own back."""


@dataclass(slots=True)
class AddressSpace:
    """What tasks that share memory (CLONE_VM) share here."""

    users: int = 1
    brk: int = 0
    """The program break as the kernel last reported it; 0 before it is known."""
    attachments: dict[int, int] = field(default_factory=dict)
    """SysV segments: address to length."""
    shares_files: bool = False
    """Whether other processes see or change its memory: by a shared mapping, or by writing to a file it has mapped."""
    images: set[int] = field(default_factory=set)
    """The numbers of all images that are or were mapped."""
    implies_exec: bool = False
    """Whether what is mapped readable may have become executable: READ_IMPLIES_EXEC of personality(2)."""
    loader: range | None = None
    """Where the code of the program's interpreter lies, ld.so's mostly; None when it has none or nobody asks."""
    planted: PlantedSites = NOWHERE
    """Where a cpuid instruction has been replaced (recorder/planted_traps.py)."""

    def copy(self) -> AddressSpace:
        """A forked child's."""
        return replace(self, users=1, attachments=dict(self.attachments), images=set(self.images))


@dataclass(slots=True)
class Process:
    """What the threads of a process share besides memory, where the recorder answers for the kernel."""

    tgid: int
    filtered: bool = False
    """Whether it has seccomp filters of its own, inherited or installed: then every syscall-stop must be asked for."""
    dumpable: int = 1
    tsc: int = 1
    """PR_GET_TSC's answer: 1 readable, 2 SIGSEGV."""
    no_new_privileges: bool = False
    program: object = field(default_factory=object)
    """The same for processes between which there was no execve."""

    def copy(self, tgid: int) -> Process:
        """A forked child's."""
        return replace(self, tgid=tgid)


@dataclass(frozen=True, slots=True)
class Wait:
    """A loop in which a task waits for another to write to memory.

    ``constant`` are the general registers that are the same each time round, ``seen`` the words that it looks at;
    ``times`` is how often in a row it has been held there.
    """

    constant: Mapping[str, int]
    seen: Sequence[tuple[int, bytes]]
    times: int = 1

    def goes_on_from(self, before: Wait) -> bool:
        """Whether nothing speaks for the task's having come out of the loop, and into it again, since ``before``."""
        same = all(before.constant.get(name, value) == value for name, value in self.constant.items())
        return same and self.seen == before.seen


class Task:
    """One kernel thread of the recorded tree."""

    def __init__(self, tid: int, regime: Regime, process: Process, space: AddressSpace, affinity: bytes) -> None:
        self.tid = tid
        self.tracee = Tracee(tid)
        self.tracker = SyscallTracker(regime)
        self.process = process
        self.space = space
        self.affinity = affinity
        """sched_setaffinity's mask as the program believes it to be."""
        self.identity: Identity | None = None
        """Whom the recorder must be to look into it; None where its own identity will do."""
        self.state = State.READY
        self.call: OpenCall | None = None
        self.registers = b""
        """As the trace's last event of this task left them."""
        self.stops: list[bytes] = []
        """Raw stops that belong to the next event."""
        self.signal = 0
        """To be delivered with the next resume."""
        self.latest_call: OpenCall | None = None
        """The one that ended last, of those that were not taken straight."""
        self.interrupted: OpenCall | None = None
        """The syscall that ended with ERESTART*, until a handler runs or the kernel restarts it."""
        self.restarted: OpenCall | None = None
        """The syscall that restart_syscall goes on with."""
        self.deferred: list[tuple[int, bytes]] = []
        """Signals (number, siginfo) that met running code and wait for the next syscall or landmark."""
        self.deferred_since = 0.0
        """When the first of them came, by time.monotonic()."""
        self.passed_over = 0
        """How often another task has been chosen since this one could run."""
        self.may_come_back = False
        """Whether its latest event was in running code: a loop may come there again with the very same registers."""
        self.pending: frozenset[int] = frozenset()
        """Signals that were pending when it was let go from such a point."""
        self.steps_ahead: int | None = None
        """Instructions that it still runs, its syscalls not counted, before it gives its turn away; None for any."""
        self.wait: Wait | None = None
        """What it did nothing but wait for when it was last held in its code."""
        self.computes = 0
        """For so many turns that end in running code it is taken to compute, as it was seen to do."""
        self.snapshot: Snapshot | None = None
        """Its memory when it was last looked at in running code."""
        self.given_time: tuple[bytes, int] = (b"", 0)
        """How often it has been let run on although it was to be held, since the event with these registers."""
        self.midway = False
        """Whether it is stopped in running code, at a point that is no event."""
        self._let_go: tuple[bytes, int] = (b"", 0)
        self._ran = 0
        self.raised: list[tuple[int, bytes]] = []
        """Those that have been sent again for it."""
        self.swept: list[int] = []
        """Those that are to be sent when one of these has come, which takes them out of the queue when it is sent."""
        self.is_continued = False
        """Whether the stop signal of the stop it is in is older than a SIGCONT that its process has got."""
        self.wishes = Wishes()
        self.clear_tid = 0
        """CLONE_CHILD_CLEARTID's or set_tid_address's address."""
        self.robust_list = 0
        """Head of the robust futex list."""
        self.repeated = RepeatedSignals()
        self.frame_failed = False
        """Whether the kernel has just been unable to enter a handler."""
        self.strict = False
        """seccomp's strict mode, which the kernel cannot give to a task under a filter."""
        self.exited = False
        self.in_group_stop = False
        """Whether it has stopped for job control, and nothing has been seen of it since."""

    @property
    def is_private(self) -> bool:
        """Whether nobody else sees its memory: what others do while it is held anywhere does not show in it then."""
        return self.space.users == 1 and not self.space.shares_files

    def let_go(self) -> None:
        """It is about to be resumed."""
        registers, _ = self._let_go
        if registers is not self.registers:
            self._ran = 0
        self._let_go = (self.registers, monotonic_ns())

    def held(self) -> None:
        """It has stopped without an event."""
        self._ran += monotonic_ns() - self._let_go[1]

    def ran_since_event(self) -> int:
        """For how many nanoseconds it may have run since its latest event."""
        return self._ran + monotonic_ns() - self._let_go[1]

    def take_stops(self) -> bytes:
        """The raw stops since the last event, for the next one."""
        stops = b"".join(self.stops)
        self.stops.clear()
        return stops
