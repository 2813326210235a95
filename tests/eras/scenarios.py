"""Reads the scenario files of this folder: what seven kernels showed to one probe (README.md, probe.c's output)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from redrive.tracee.eras import Info, Request, SyscallStop

FOLDER = Path(__file__).parent
KERNELS = ("3.10.105", "4.4.155", "4.7.4", "4.8.15", "5.10", "6.1", "6.18")

GETPPID = 110
GETUID = 102
PARENT = 4242
"""What stands for the real result of getppid, which the files print as PPID(ran)."""
_NAMES = {"getppid": GETPPID, "getuid": GETUID, "PPID(ran)": PARENT, "-ENOSYS": -38, "-EACCES": -13}

_TITLE = re.compile(r"(?P<name>[A-Z]+\d*[A-Z]?) (?P<what>.*) \[filter (?P<filter>.*)\]")
_STEP = re.compile(r"  (?:\{(?P<changes>[^}]*)\} )?(?P<request>[A-Z_]+) -> +(?P<seen>.*)")
_VALUE = re.compile(r"(orig_rax|rax|info|nr|ax)=(\S+)")
_STOPS = {
    "SECCOMP stop": SyscallStop.SECCOMP,
    "SYSCALL stop": SyscallStop.SYSCALL,
    "SIGTRAP": SyscallStop.SIGNAL,
    "signal 31": SyscallStop.SIGNAL,
    "final int3": SyscallStop.SIGNAL,
    "=> killed": SyscallStop.GONE,
}


class Step(NamedTuple):
    """A restart and the stop that came of it.  ``left`` and ``seen`` are (orig_rax, rax) before and after."""

    request: Request
    left: tuple[int, int]
    stop: SyscallStop
    seen: tuple[int, int]
    info: Info | None
    text: str


class Scenario(NamedTuple):
    kernel: str
    name: str
    what: str
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """How it ended: ``killed``, ``SIGSYS`` or ``result``."""
        last = self.steps[-1].text
        return "killed" if last.startswith("=> killed") else "SIGSYS" if "SIGSYS" in last else "result"

    @property
    def result(self) -> int:
        """rax at the final int3."""
        assert self.end == "result"
        return self.steps[-1].seen[1]


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)


def _changed(registers: tuple[int, int], changes: str | None) -> tuple[int, int]:
    """What the tracer left of (orig_rax, rax) after the changes that the file names."""
    orig_rax, rax = registers
    for name, value in _VALUE.findall((changes or "").replace(",", " ")):
        if name == "nr":
            orig_rax = GETUID if value == "other" else int(value)
        else:
            rax = int(value)
    return orig_rax, rax


def _step(line: str, before: tuple[int, int]) -> Step:
    match = _STEP.fullmatch(line)
    assert match, line
    seen = match["seen"]
    stop = next(stop for start, stop in _STOPS.items() if seen.startswith(start))
    values = dict(_VALUE.findall(seen))
    return Step(
        request=Request[match["request"]],
        left=_changed(before, match["changes"]),
        stop=stop,
        seen=(_number(values.get("orig_rax", "-1")), _number(values.get("rax", "0"))),
        info=Info[values["info"].upper()] if "info" in values else None,
        text=seen,
    )


@cache
def read(kernel: str) -> dict[str, Scenario]:
    """All scenarios of one kernel, by name."""
    scenarios: dict[str, Scenario] = {}
    text = (FOLDER / f"{kernel}.txt").read_text()
    for line in text.split("FEATURES")[0].splitlines()[1:]:
        title = _TITLE.fullmatch(line)
        if title:
            scenario = Scenario(kernel, title["name"], title["what"], ())
        else:
            # At the first int3 the task has made no call, and the number of the one to come is in rax.
            before = scenario.steps[-1].seen if scenario.steps else (-1, GETPPID)
            scenario = scenario._replace(steps=(*scenario.steps, _step(line, before)))
        scenarios[scenario.name] = scenario
    return scenarios
