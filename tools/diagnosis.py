"""What Redrive needs of a machine: how each thing is found out, and what helps where it is missing."""

from __future__ import annotations

import ctypes
import enum
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from redrive.tracee.errors import TraceeError
from redrive.tracee.kernel import KernelFeatures, probe

ADDR_NO_RANDOMIZE = 0x0040000
FREE_SPACE_WANTED = 1 << 30
"""Bytes.  A recording of a build of some minutes takes some hundred megabytes."""


class Verdict(enum.Enum):
    """How well something works here."""

    GOOD = "good"
    LIMITED = "limited"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.  ``advice`` is a sentence, empty where there is nothing to do."""

    subject: str
    verdict: Verdict
    found: str
    advice: str = ""


def diagnose() -> Iterator[Finding]:
    """All findings, cheap ones first; those of the kernel's probe only where tracing works at all."""
    yield from (look() for look in MACHINE_CHECKS)
    try:
        features = probe()
    except (TraceeError, OSError) as error:
        advice = "A container needs to allow ptrace (Docker: --cap-add=SYS_PTRACE, or a kernel from 4.8 on)."
        yield Finding("tracing", Verdict.BROKEN, str(error), advice)
        return
    yield from (judge(features) for judge in KERNEL_CHECKS)


def check_machine() -> Finding:
    """Only x86-64 Linux is recorded."""
    found = f"{platform.system()} {platform.release()}, {platform.machine()}"
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        return Finding("machine", Verdict.GOOD, found)
    return Finding("machine", Verdict.BROKEN, found, "Redrive records x86-64 programs on Linux; use such a machine.")


def check_ptrace_scope() -> Finding:
    """The Yama security module's restriction: Documentation/admin-guide/LSM/Yama.rst of the kernel."""
    try:
        scope = int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        return Finding("ptrace scope", Verdict.GOOD, "not restricted (no Yama)")
    if scope <= 1:
        return Finding("ptrace scope", Verdict.GOOD, f"{scope}, a process may trace those it starts")
    if scope == 2 and os.geteuid() == 0:
        return Finding("ptrace scope", Verdict.GOOD, "2, only root may trace")
    advice = {
        2: "Run as root, or set it to 1: sudo sysctl kernel.yama.ptrace_scope=1",
        3: "Tracing is off until the next boot; set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and boot.",
    }.get(scope, "Set it to 1: sudo sysctl kernel.yama.ptrace_scope=1")
    return Finding("ptrace scope", Verdict.BROKEN, str(scope), advice)


def check_address_layout() -> Finding:
    """personality(2) fixes addresses, so that two recordings can be compared."""
    libc = ctypes.CDLL(None, use_errno=True)
    current = libc.personality(ctypes.c_ulong(0xFFFFFFFF))
    if current >= 0 and libc.personality(ctypes.c_ulong(current | ADDR_NO_RANDOMIZE)) >= 0:
        libc.personality(ctypes.c_ulong(current))
        return Finding("address layout", Verdict.GOOD, "can be fixed, so that two recordings are comparable")
    advice = "Nothing to do: recordings work, but addresses differ from one to the next."
    return Finding("address layout", Verdict.LIMITED, "personality(ADDR_NO_RANDOMIZE) is denied here", advice)


def check_tasks() -> Finding:
    """The pids controller of a container counts the recorded program's tasks as well as our own."""
    limit = _control_group_limit("pids.max")
    used = _control_group_limit("pids.current") or 0
    if limit is None:
        return Finding("task limit", Verdict.GOOD, "none in this container or session")
    found = f"{used} of {limit} tasks used"
    if limit - used >= 100:
        return Finding("task limit", Verdict.GOOD, found)
    return Finding(
        "task limit", Verdict.LIMITED, found, "For programs that fork a lot, raise it (Docker: --pids-limit)."
    )


def _control_group_limit(name: str) -> int | None:
    """A number of this process's control group (version 2, then 1); None for no limit or no such file."""
    for folder in ("/sys/fs/cgroup" + _control_group_path(), "/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
        try:
            text = Path(folder, name).read_text().strip()
        except OSError:
            continue
        return None if text == "max" else int(text)
    return None


def _control_group_path() -> str:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ""
    return next((line[3:].rstrip("/") for line in lines if line.startswith("0::")), "")


def check_space() -> Finding:
    """Archives need room."""
    from redrive.formats.trace_directory import default_trace_directory

    folder = default_trace_directory()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    found = f"{folder}, {free / 1e9:.1f} GB free"
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("archives", Verdict.BROKEN, f"{found}, not writable", "Name another in REDRIVE_TRACE_DIR.")
    if free < FREE_SPACE_WANTED:
        return Finding(
            "archives", Verdict.LIMITED, found, "Remove archives (redrive rm), or name a folder in REDRIVE_TRACE_DIR."
        )
    return Finding("archives", Verdict.GOOD, found)


def judge_regime(features: KernelFeatures) -> Finding:
    """Which order of seccomp and syscall stops this kernel shows: redrive.tracee.eras."""
    return Finding("regime", Verdict.GOOD, f"{features.regime.name}, as kernels {features.regime.value}")


def judge_sysemu(features: KernelFeatures) -> Finding:
    """Replay stands on PTRACE_SYSEMU."""
    if features.sysemu:
        return Finding("PTRACE_SYSEMU", Verdict.GOOD, "works, so replay runs no syscall")
    advice = "Recording works; replay on a kernel or virtual machine that has it (gVisor, for one, has not)."
    return Finding("PTRACE_SYSEMU", Verdict.BROKEN, "refused, so replay cannot run", advice)


def judge_cpuid(features: KernelFeatures) -> Finding:
    """CPUID faulting lets the recorder answer the instruction."""
    if features.cpuid_faulting:
        return Finding("CPUID faulting", Verdict.GOOD, "works, archives hold what the program saw")
    advice = (
        "Nothing to do: Redrive replaces the instruction where it finds it, which Go's and hand-made code may prevent."
    )
    return Finding("CPUID faulting", Verdict.LIMITED, "not offered by this CPU or virtual machine", advice)


def judge_xstate(features: KernelFeatures) -> Finding:
    """The size of the XSAVE area tells which vector state this CPU keeps."""
    return Finding("xsave area", Verdict.GOOD, f"{features.xstate_size} bytes")


def judge_syscall_info(features: KernelFeatures) -> Finding:
    """PTRACE_GET_SYSCALL_INFO confirms what a stop is, from Linux 5.3 on."""
    found = "present, confirms each stop" if features.syscall_info else "not here, not needed (Linux 5.3)"
    return Finding("syscall info", Verdict.GOOD, found)


def judge_inherited_filter(features: KernelFeatures) -> Finding:
    """A container's seccomp filter acts on what is recorded, as it would without us."""
    if not features.inherited_filter:
        return Finding("seccomp", Verdict.GOOD, "no filter is inherited")
    found = "a filter is inherited (a container's); what it denies stays denied to recorded programs"
    return Finding("seccomp", Verdict.GOOD, found)


def judge_memfd(features: KernelFeatures) -> Finding:
    """Replay keeps mapped file contents in memory files."""
    if features.memfd:
        return Finding("memfd_create", Verdict.GOOD, "works")
    return Finding("memfd_create", Verdict.LIMITED, "refused", "Nothing to do: files in the temporary folder are used.")


MACHINE_CHECKS: tuple[Callable[[], Finding], ...] = (
    check_machine,
    check_ptrace_scope,
    check_address_layout,
    check_tasks,
    check_space,
)
KERNEL_CHECKS: tuple[Callable[[KernelFeatures], Finding], ...] = (
    judge_regime,
    judge_sysemu,
    judge_syscall_info,
    judge_cpuid,
    judge_xstate,
    judge_inherited_filter,
    judge_memfd,
)
