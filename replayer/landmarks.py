"""Finding a landmark again: running a task to the point in the middle of its code where it was held when recorded.

The instruction there is replaced by a jump to code that compares the task's state with the recorded one without leaving
the task (landmark_code).  Where no jump can be put, a debug register stops the task at each visit.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from redrive.formats.events import Clue, Landmark
from redrive.replayer.bounds import check_memory
from redrive.replayer.comparison import outside_syscall, same_in_user_code, without_resume_flag
from redrive.replayer.errors import UntrustworthyTrace
from redrive.replayer.landmark_code import (
    CODE_LENGTH,
    DATA_LENGTH,
    GENERAL,
    WORDS_AT_MOST,
    LandmarkCode,
    Word,
    word_at,
)
from redrive.replayer.machine import Machine
from redrive.replayer.mismatch import Mismatch, stopped_elsewhere
from redrive.replayer.task import Task
from redrive.replayer.ticking import ticking
from redrive.tracee import registers as regs
from redrive.tracee.hardware_breakpoint import break_at, clear_breakpoint
from redrive.tracee.instruction import LONGEST, Instruction, decode
from redrive.tracee.landing import Landing, find_landing
from redrive.tracee.mappings import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    PROT_WRITE,
    find_mapping,
    page_floor,
    read_mappings,
)
from redrive.tracee.remote_calls import Call, run
from redrive.tracee.task_stat import cpu_time

_MMAP, _MUNMAP = 9, 11
_NO_DESCRIPTOR = 2**64 - 1
_MOST_WITNESSES = 1 << 16
_SLOWER = 60
"""How much longer than the recorded run a search may take, in CPU time: comparing, on a slower machine."""
_SLOWER_BY_STOPS = 20_000
"""The same for a search by debug register, which stops the task at each visit."""
_LEAST_TIME = 20.0
_FEW_WORDS = 40
"""So many are compared by the code until they have been found too few: hundreds take longer to assemble than most
searches take."""
_TELLING_AT_MOST = 16
_TICK = 0.5
_FOLLOWING = 4
_EXPECTED = "the point in running code that was recorded"


def find_landmark(task: Task, event: Landmark, machine: Machine) -> None:
    """Run the task to a landmark.  Raises Mismatch when it does not come there."""
    _check(event)
    search = _Search(task, event, machine)
    with ticking(_TICK, search.tick):
        search.run()
    task.leave_at(event.registers)


def _check(event: Landmark) -> None:
    total = sum(len(data) for _, data in event.witnesses)
    if total > _MOST_WITNESSES:
        raise UntrustworthyTrace(f"the trace has a landmark with {total} bytes of memory")
    for address, data in event.witnesses:
        check_memory(address, len(data))
    check_memory(regs.get(event.registers, "rip"), 1)


def _overlaid(landing: Landing, address: int, present: bytes) -> Iterator[Instruction]:
    """The instructions that begin in the bytes that a jump at an address shares with them, if they can run elsewhere.

    The jump is right without that, but CPUs are slow with bytes that they decode in two ways: 5 ns for each visit.
    """
    position = decode(present[:LONGEST]).length
    while position < landing.length:
        instruction = decode(present[position : position + LONGEST])
        if any(instruction.relocated(address + position, there) is None for there in _reach(landing)):
            return
        yield instruction
        position += instruction.length


def _reach(landing: Landing) -> tuple[int, int]:
    """From where to where the code at a landing may extend."""
    return landing.address, landing.address + CODE_LENGTH


class _Search:
    """One search.  The task's memory and mappings are as before afterwards, found or not."""

    def __init__(self, task: Task, event: Landmark, machine: Machine) -> None:
        self._task = task
        self._event = event
        self._machine = machine
        self._address = regs.get(event.registers, "rip")
        self._used_before = self._used()
        self._ticked = False
        self._displaced = b""
        """The bytes in whose place a jump has been put."""
        self._most_words = _FEW_WORDS
        self._telling: list[Word] = []
        """Words that alone told the point from others which the code took for it, the latest first."""

    def run(self) -> None:
        code = self._plan() or self._by_breakpoint()
        if code is not None:
            with self._planted(code):
                self._by_comparison(code)

    def _plan(self) -> tuple[LandmarkCode, bytes] | None:
        """The code and the jump to it, or None where a debug register must do."""
        task, event = self._task, self._event
        length = len(event.code)
        present = task.tracee.read_available(self._address, length + _FOLLOWING + LONGEST)
        if not event.code or present[:length] != event.code:
            return None
        instruction = decode(event.code)
        if instruction.length != length:
            return None
        mappings = read_mappings(task.tracee.tid)
        place = find_mapping(mappings, self._address)
        if place is None or (place.shared and not place.protection & PROT_WRITE):
            # Not even a tracer may write there: FOLL_FORCE is for private mappings (mm/gup.c).
            return None
        landing = find_landing(instruction, self._address, present[length : length + _FOLLOWING], mappings)
        if landing is None:
            return None
        # What the program may rewrite while it is searched for must run where it is.
        fixed = not place.shared and not place.protection & PROT_WRITE
        overlaid = list(_overlaid(landing, self._address, present)) if fixed else []
        code = LandmarkCode(instruction, self._address, landing.address, overlaid)
        self._assemble(code)
        return code, landing.jump

    def _assemble(self, code: LandmarkCode) -> None:
        components = self._machine.vectors.components if self._machine.has_xsave else ()
        code.assemble(self._words(), components=components)

    def _sees_whole(self, address: int) -> bool:
        """Whether the code can compare the word at an address: not where it would see the jump."""
        return not self._address - 8 < address < self._address + len(self._event.code)

    def _memory_clues(self) -> dict[int, Word]:
        """Those of the clues that are words of the witnesses, by address; in one pass, however many a trace has."""
        wanted = {where for kind, where in self._event.clues if kind == Clue.MEMORY}
        return {
            address: Word(address, word_at(data, address - start))
            for start, data in self._event.witnesses
            for address in wanted.intersection(range(start, start + len(data) - 7, 8))
            if self._sees_whole(address)
        }

    def _memory_words(self) -> Iterator[Word]:
        for start, data in self._event.witnesses:
            for address in range(start, start + len(data) - 7, 8):
                if self._sees_whole(address):
                    yield Word(address, word_at(data, address - start))

    def _words(self) -> list[Word]:
        """What the code compares: the clues first, then all general registers, then as much memory as there is room."""
        words: dict[tuple[bool, str | int], Word] = {}
        for word in chain(self._telling, self._first_words(), self._memory_words()):
            if len(words) >= self._most_words:
                break
            words.setdefault((word.in_xstate, word.place), word)
        return list(words.values())

    def _first_words(self) -> list[Word]:
        event = self._event
        memory = self._memory_clues()
        by_offset = {regs.OFFSETS[name]: name for name in GENERAL}
        words = []
        vectors = []
        for kind, where in event.clues:
            if kind == Clue.REGISTER and where in by_offset:
                words.append(Word(by_offset[where], word_at(event.registers, where)))
            elif kind == Clue.MEMORY and where in memory:
                words.append(memory[where])
            elif kind == Clue.VECTOR and 32 <= where <= len(event.xstate) - 8:
                place = self._machine.vectors.own_offset(where)
                if place is not None:
                    vectors.append(Word(place, word_at(event.xstate, where), in_xstate=True))
        general = [Word(name, word_at(event.registers, regs.OFFSETS[name])) for name in GENERAL]
        # What is saved by xsave comes late, as that takes longer than all comparisons.
        legacy = [word for word in vectors if isinstance(word.place, int) and 160 <= word.place < 416]
        wide = [word for word in vectors if word not in legacy]
        if any(isinstance(word.place, str) for word in words):
            return [*words, *general, *legacy, *wide]
        return [*legacy[:1], *words, *general, *legacy, *wide]

    @contextmanager
    def _planted(self, plan: tuple[LandmarkCode, bytes]) -> Iterator[None]:
        code, jump = plan
        tracee = self._task.tracee
        page = page_floor(code.landing)
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
        self._displaced = tracee.read(self._address, len(jump))
        run(
            tracee,
            [
                Call(_MMAP, (page, CODE_LENGTH, 5, flags, _NO_DESCRIPTOR, 0)),
                Call(_MMAP, (page + CODE_LENGTH, DATA_LENGTH, 3, flags, _NO_DESCRIPTOR, 0)),
            ],
        )
        tracee.write(code.landing, bytes(code.code))
        tracee.write(self._address, jump)
        yield
        # What the program itself has put there meanwhile stays.
        if tracee.read(self._address, len(jump)) == jump:
            tracee.write(self._address, self._displaced)
        self._displaced = b""
        run(tracee, [Call(_MUNMAP, (page, CODE_LENGTH + DATA_LENGTH))])

    def _by_comparison(self, plan: tuple[LandmarkCode, bytes]) -> None:
        code, _ = plan
        task = self._task
        limit = max(_LEAST_TIME, self._event.ran * _SLOWER / 1e9)
        task.registers = without_resume_flag(task.registers)
        while True:
            self._run(limit)
            if not task.at_signal(signal.SIGTRAP) or task.tracee.stop.registers.rip != code.trap:
                raise self._elsewhere(code)
            seen = regs.replace(task.tracee.registers, rip=self._address)
            if self._is_there(seen):
                return
            self._learn(code)
            task.registers = regs.replace(task.tracee.registers, rip=code.resume)

    def _learn(self, code: LandmarkCode) -> None:
        """From a wrong time: have the code look first at what tells it, as each time costs two stops."""
        word = self._differing_word() if len(self._telling) < _TELLING_AT_MOST else None
        if word is not None:
            self._telling.insert(0, word)
        if word is not None or self._most_words < WORDS_AT_MOST:
            self._most_words = WORDS_AT_MOST
            self._assemble(code)
            self._task.tracee.write(code.landing, bytes(code.code))

    def _differing_word(self) -> Word | None:
        for start, data in self._event.witnesses:
            seen = self._memory(start, len(data))
            for offset in range(0, len(data) - 7, 8) if seen != data else ():
                if self._sees_whole(start + offset) and seen[offset : offset + 8] != data[offset : offset + 8]:
                    return Word(start + offset, word_at(data, offset))
        return None

    def _by_breakpoint(self) -> tuple[LandmarkCode, bytes] | None:
        """Stop at each visit.  As soon as the recorded instruction is there, the rest is left to code in its place."""
        task = self._task
        limit = max(_LEAST_TIME, self._event.ran * _SLOWER_BY_STOPS / 1e9)
        task.registers = without_resume_flag(task.registers)
        break_at(task.tracee, self._address)
        first = True
        while True:
            self._run(limit)
            if not task.at_signal(signal.SIGTRAP) or task.tracee.stop.registers.rip != self._address:
                raise stopped_elsewhere(task, _EXPECTED, self._event.registers)
            seen = task.tracee.registers
            if self._is_there(seen):
                clear_breakpoint(task.tracee)
                return None
            # The kernel has set RF, so that the instruction runs now.
            task.registers = outside_syscall(seen)
            code = self._plan() if first else None
            first = False
            if code is not None:
                clear_breakpoint(task.tracee)
                return code

    def _used(self) -> float:
        """CPU time in seconds: by the clock, a search takes longer on a machine that is busy or stops for a while."""
        return cpu_time(self._task.tracee.tid) + time.process_time()

    def tick(self) -> None:
        """Some time has passed."""
        self._ticked = True

    def _run(self, limit: float) -> None:
        def give_up() -> bool:
            ticked, self._ticked = self._ticked, False
            return ticked and self._used() > self._used_before + limit

        if give_up() or not self._task.run_unless(give_up):
            raise Mismatch(
                self._task,
                f"{_EXPECTED}, within {limit:.0f} s of CPU time",
                self._event.registers,
                self._task.tracee.registers if os.WIFSTOPPED(self._task.tracee.stop.status) else b"",
            )

    def _is_there(self, seen: bytes) -> bool:
        """Whether everything that was recorded is as it was."""
        event = self._event
        if not same_in_user_code(event.registers, seen):
            return False
        if any(self._memory(address, len(data)) != data for address, data in event.witnesses):
            return False
        return self._machine.vectors.agree(self._task, event.xstate)

    def _memory(self, address: int, length: int) -> bytes:
        """Memory as the program has it: without the jump."""
        data = bytearray(self._task.tracee.read_available(address, length))
        for offset, byte in enumerate(self._displaced, self._address - address):
            if 0 <= offset < len(data):
                data[offset] = byte
        return bytes(data)

    def _elsewhere(self, code: LandmarkCode) -> Mismatch:
        mismatch = stopped_elsewhere(self._task, _EXPECTED, self._event.registers)
        if mismatch.seen and page_floor(code.landing) <= regs.get(mismatch.seen, "rip") < code.data:
            mismatch.seen = regs.replace(mismatch.seen, rip=self._address)
        return mismatch
