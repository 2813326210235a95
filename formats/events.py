"""The events of a trace, numbered from 0 in the order in which they are written.

Events and effects are NamedTuples rather than frozen dataclasses: just as immutable and typed, but a
recorder makes one per syscall, and building a frozen dataclass costs five times as much.

Conventions of all fields:
- *task* is the recorded kernel tid, as the tracer saw it.  A tid names another task once an ``Exit`` has been seen.
- *registers* are the 216 bytes of ``struct user_regs_struct`` (sys/user.h, x86-64): 27 little-endian
  64-bit words in the order r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs
  eflags rsp ss fs_base gs_base ds es fs gs.
- *xstate* is what PTRACE_GETREGSET with NT_X86_XSTATE gives: the XSAVE area in standard format; empty where not kept.
- addresses and lengths are bytes; protections and flags are mmap(2)'s numbers.
- *stops* are the raw ptrace-stops behind the event, as the recording kernel reported them: see redrive.formats.stops.

An event is applied in this order: the task is brought to the event's first registers and those are
compared; ``effects`` in their order; then ``writes`` in theirs; then the second registers are set.
"""

from __future__ import annotations

import enum
from typing import NamedTuple, TypeAlias

REGISTERS_SIZE = 216
SIGINFO_SIZE = 128


class Image(NamedTuple):
    """A range of an image: how a file-backed or shared mapping finds its bytes at replay."""

    number: int
    offset: int


class Map(NamedTuple):
    """mmap at exactly ``address``; what was there is replaced.  ``image`` is None for zero-filled memory.

    ``flags`` keeps MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_NORESERVE and MAP_STACK; nothing else.
    """

    address: int
    length: int
    protection: int
    flags: int
    image: Image | None
    label: str
    """The path the mapping had when it was recorded; for people, never opened."""


class Unmap(NamedTuple):
    address: int
    length: int


class Protect(NamedTuple):
    address: int
    length: int
    protection: int


class Remap(NamedTuple):
    """mremap; ``address`` moves to ``new_address``.

    ``flags`` are mremap(2)'s without MREMAP_FIXED and MREMAP_MAYMOVE.
    """

    address: int
    length: int
    new_address: int
    new_length: int
    flags: int


class Advise(NamedTuple):
    """An madvise(2) that changes what memory holds or what a fork inherits."""

    address: int
    length: int
    advice: int


class Extent(NamedTuple):
    """``length`` bytes of an image from ``offset`` on are the blob with this SHA-256 digest."""

    offset: int
    length: int
    digest: bytes


class ImageContent(NamedTuple):
    """What an image holds.  Defines image ``number`` when it is new; else replaces the extents it names.

    Bytes in no extent are zero when the image is new and unchanged when it is not.
    """

    number: int
    size: int
    extents: tuple[Extent, ...]
    label: str


class ImageWrite(NamedTuple):
    """A write through a descriptor to a file that is mapped."""

    number: int
    offset: int
    data: bytes


class ImageSize(NamedTuple):
    """The file behind an image was truncated or extended."""

    number: int
    size: int


class WriteTo(NamedTuple):
    """A syscall of this task wrote memory of another recorded task (process_vm_writev, /proc/PID/mem)."""

    task: int
    address: int
    data: bytes


class Echo(NamedTuple):
    """Bytes that the program wrote to the recorder's own stdout (1) or stderr (2).

    ``pieces`` are (address, length) in the task's memory, where replay finds the same bytes again;
    ``data`` holds them where they never were in its memory (sendfile, splice, copy_file_range).
    """

    stream: int
    pieces: tuple[tuple[int, int], ...]
    data: bytes


Effect: TypeAlias = Map | Unmap | Protect | Remap | Advise | ImageContent | ImageWrite | ImageSize | WriteTo | Echo
EFFECT_CODES: dict[type[Effect], int] = {
    Map: 1,
    Unmap: 2,
    Protect: 3,
    Remap: 4,
    Advise: 5,
    ImageContent: 6,
    ImageWrite: 7,
    ImageSize: 8,
    WriteTo: 9,
    Echo: 10,
}
"""The number that stands for each effect in an archive; never used again for another."""

Writes: TypeAlias = tuple[tuple[int, bytes], ...]
"""(address, bytes) pairs: what the kernel wrote to the task's memory."""
Inputs: TypeAlias = tuple[tuple[int, bytes], ...]
"""(argument index, bytes) pairs: what pointer arguments pointed at, for people reading a dump; never used by replay."""


class TrapCause(enum.IntEnum):
    """Why an instruction that is not a syscall needed the recorder."""

    RDTSC = 1
    RDTSCP = 2
    CPUID = 3
    VSYSCALL = 4


class SignalPoint(enum.IntEnum):
    """How a task gets to the point at which a signal met it."""

    BOUNDARY = 1
    """It is there already: directly after the task's previous event."""
    FAULT = 2
    """It runs until its own instruction raises the signal."""


class Clue(enum.IntEnum):
    """What kind of word tells a landmark from the other times its instruction is reached."""

    REGISTER = 1
    """The word at this offset of the registers."""
    MEMORY = 2
    """The eight bytes at this address; they are among the witnesses."""
    VECTOR = 3
    """The eight bytes at this offset of the xstate."""


class SignalAction(enum.IntEnum):
    """What the kernel did with a delivered signal."""

    HANDLER = 1
    IGNORED = 2
    FATAL = 3
    STOP = 4


class Exec(NamedTuple):
    """A new program image: the snapshot a task (and, as the first event, the trace) starts from.

    The whole address space is replaced by ``effects`` and ``writes``; registers and xstate are those at its
    first instruction.
    ``former_task`` is the tid that called execve when it was not the thread group leader, else equal to ``task``.
    """

    task: int
    former_task: int
    path: bytes
    arguments: tuple[bytes, ...]
    environment: tuple[bytes, ...]
    registers: bytes
    xstate: bytes
    stack_limit: int
    """RLIMIT_STACK's soft limit in bytes, which decides where stack growth faults; 2**64 - 1 means none."""
    effects: tuple[Effect, ...]
    writes: Writes
    stops: bytes


class Clone(NamedTuple):
    """``task`` made ``child`` by fork, vfork or clone; comes between the task's SyscallEntry and SyscallExit.

    The child starts with ``registers`` and the parent's memory after ``writes`` (what the kernel wrote for
    the child alone).
    ``flags`` are clone(2)'s, of which replay honours CLONE_VM and CLONE_THREAD.
    """

    task: int
    child: int
    flags: int
    registers: bytes
    writes: Writes
    stops: bytes


class Syscall(NamedTuple):
    """A whole syscall with no other event between its entry and its exit.

    ``exit`` is the result as a signed integer when rax is all that differs from ``entry``, else all registers.
    """

    task: int
    number: int
    entry: bytes
    exit: int | bytes
    writes: Writes
    effects: tuple[Effect, ...]
    inputs: Inputs
    stops: bytes


class SyscallEntry(NamedTuple):
    """A syscall begins and another event comes before its end.

    ``writes`` is what the kernel has written by then and other tasks may see before the end.
    """

    task: int
    number: int
    entry: bytes
    writes: Writes
    inputs: Inputs
    stops: bytes


class SyscallExit(NamedTuple):
    """The end of the syscall that the task's latest SyscallEntry began; fields as in Syscall.

    ``xstate`` is set where the syscall restores it (rt_sigreturn), else empty.
    """

    task: int
    number: int
    exit: int | bytes
    xstate: bytes
    writes: Writes
    effects: tuple[Effect, ...]
    stops: bytes


class Restart(NamedTuple):
    """The kernel restarts an interrupted syscall: the task goes on at ``registers``, rip on the instruction again."""

    task: int
    registers: bytes


class Signal(NamedTuple):
    """A signal-delivery-stop and what came of it.

    ``registers`` are those at the stop.  For SignalAction.HANDLER the kernel's frame is in ``writes`` and the handler
    starts with ``handler_registers`` and ``handler_xstate``; both are empty for every other action.
    """

    task: int
    signal: int
    siginfo: bytes
    point: int
    action: int
    registers: bytes
    handler_registers: bytes
    handler_xstate: bytes
    writes: Writes
    stops: bytes


class Trap(NamedTuple):
    """An instruction whose result comes from the recorder: rdtsc, rdtscp, cpuid, a call into the vsyscall page."""

    task: int
    cause: int
    before: bytes
    after: bytes
    writes: Writes
    stops: bytes


class Exit(NamedTuple):
    """The task is gone.  ``status`` is wait(2)'s.

    It is ended wherever it is; ``writes`` are what the kernel left behind in memory that others share
    (CLONE_CHILD_CLEARTID, robust futexes).
    """

    task: int
    status: int
    writes: Writes
    stops: bytes


class Stopped(NamedTuple):
    """Stops that changed nothing for the program (group-stop, an interrupt of ours): kept as provenance."""

    task: int
    stops: bytes


class Note(NamedTuple):
    """Something the reader of the trace should know, said once: an unknown syscall, a limit that was met."""

    task: int
    text: str


class VectorState(NamedTuple):
    """The task's xstate at this point, directly after its previous event: compared at replay.

    A recorder writes one now and then, as the general registers of every event tell nothing of vector registers.
    """

    task: int
    xstate: bytes


class Landmark(NamedTuple):
    """The task ran to a point between two syscalls, where it was held: for a signal, or for others to run.

    That point is the first since the task's previous event at which everything here is as it was: all registers, the
    xstate, and the memory in ``witnesses``.  ``code`` is the instruction there, empty where the program looks at its
    code, which must not be changed then.  ``clues`` are pairs of a Clue and where its word is: what changed while the
    task came there, most telling first.  ``ran`` is for how many nanoseconds the task ran since its previous event, at
    most.
    """

    task: int
    registers: bytes
    xstate: bytes
    code: bytes
    clues: tuple[tuple[int, int], ...]
    witnesses: Writes
    ran: int
    stops: bytes


Event: TypeAlias = (
    Exec
    | Clone
    | Syscall
    | SyscallEntry
    | SyscallExit
    | Restart
    | Signal
    | Trap
    | Exit
    | Stopped
    | Note
    | VectorState
    | Landmark
)

EVENT_CODES: dict[type[Event], int] = {
    Exec: 1,
    Clone: 2,
    Syscall: 3,
    SyscallEntry: 4,
    SyscallExit: 5,
    Restart: 6,
    Signal: 7,
    Trap: 8,
    Exit: 9,
    Stopped: 10,
    Note: 11,
    VectorState: 12,
    Landmark: 13,
}
"""The number that stands for each event in an archive; never used again for another."""
