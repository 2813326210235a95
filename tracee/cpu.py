"""The CPU a tracee runs on: what it is pinned to, how it identifies itself, and what of that a program is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from redrive.tracee._native import ffi, lib

CPUID_INSTRUCTION = b"\x0f\xa2"
PLANTED_CPUID = b"\x0f\x06"
"""clts: what the recorder writes in a cpuid's place where the CPU cannot have that fault.

It is as long, and raises the same SIGSEGV in user code (Intel SDM volume 2, CLTS), where hardly a program has it.
"""
_EXTENDED = 0x8000_0000
_SUBLEAF_LIMIT = 64
_MOST_ANSWERS = 1024
"""Questions that are remembered: no CPU has so many answers."""


class CpuidLeaf(NamedTuple):
    """One answer of the cpuid instruction."""

    leaf: int
    subleaf: int
    eax: int
    ebx: int
    ecx: int
    edx: int


class FeatureBit(NamedTuple):
    """A feature flag of cpuid: leaf, subleaf, register and bit (Intel SDM volume 2, CPUID)."""

    name: str
    leaf: int
    subleaf: int
    register: str
    bit: int


LEAVES_WITH_SUBLEAVES = frozenset(
    {0x4, 0x7, 0xB, 0xD, 0xF, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1A, 0x1B, 0x1D, 0x1E, 0x1F, 0x20, 0x23, 0x24}
    | {0x8000_001D, 0x8000_0020, 0x8000_0026}
)
"""Where ecx matters (Intel SDM volume 2 and AMD APM volume 3, CPUID)."""

NOT_REPEATABLE = (
    FeatureBit("rdrand", 1, 0, "ecx", 30),
    FeatureBit("rdseed", 7, 0, "ebx", 18),
    FeatureBit("hle", 7, 0, "ebx", 4),
    FeatureBit("rtm", 7, 0, "ebx", 11),
    FeatureBit("pku", 7, 0, "ecx", 3),
    FeatureBit("ospke", 7, 0, "ecx", 4),
    FeatureBit("waitpkg", 7, 0, "ecx", 5),
    FeatureBit("shstk", 7, 0, "ecx", 7),
    FeatureBit("rdpid", 7, 0, "ecx", 22),
    FeatureBit("uintr", 7, 0, "edx", 5),
    FeatureBit("tsxldtrk", 7, 0, "ecx", 16),
    FeatureBit("ibt", 7, 0, "edx", 20),
    FeatureBit("amx-bf16", 7, 0, "edx", 22),
    FeatureBit("amx-tile", 7, 0, "edx", 24),
    FeatureBit("amx-int8", 7, 0, "edx", 25),
    FeatureBit("fred", 7, 1, "eax", 17),
)
"""Hidden from recorded programs where cpuid can be intercepted: their results or side effects cannot be recorded."""

BEYOND_V2 = (
    FeatureBit("fma", 1, 0, "ecx", 12),
    FeatureBit("movbe", 1, 0, "ecx", 22),
    FeatureBit("xsave", 1, 0, "ecx", 26),
    FeatureBit("osxsave", 1, 0, "ecx", 27),
    FeatureBit("avx", 1, 0, "ecx", 28),
    FeatureBit("f16c", 1, 0, "ecx", 29),
    FeatureBit("bmi1", 7, 0, "ebx", 3),
    FeatureBit("avx2", 7, 0, "ebx", 5),
    FeatureBit("bmi2", 7, 0, "ebx", 8),
    FeatureBit("avx512f", 7, 0, "ebx", 16),
    FeatureBit("avx512dq", 7, 0, "ebx", 17),
    FeatureBit("adx", 7, 0, "ebx", 19),
    FeatureBit("avx512ifma", 7, 0, "ebx", 21),
    FeatureBit("clwb", 7, 0, "ebx", 24),
    FeatureBit("avx512pf", 7, 0, "ebx", 26),
    FeatureBit("avx512er", 7, 0, "ebx", 27),
    FeatureBit("avx512cd", 7, 0, "ebx", 28),
    FeatureBit("sha_ni", 7, 0, "ebx", 29),
    FeatureBit("avx512bw", 7, 0, "ebx", 30),
    FeatureBit("avx512vl", 7, 0, "ebx", 31),
    FeatureBit("avx512vbmi", 7, 0, "ecx", 1),
    FeatureBit("avx512vbmi2", 7, 0, "ecx", 6),
    FeatureBit("gfni", 7, 0, "ecx", 8),
    FeatureBit("vaes", 7, 0, "ecx", 9),
    FeatureBit("vpclmulqdq", 7, 0, "ecx", 10),
    FeatureBit("avx512vnni", 7, 0, "ecx", 11),
    FeatureBit("avx512bitalg", 7, 0, "ecx", 12),
    FeatureBit("avx512vpopcntdq", 7, 0, "ecx", 14),
    FeatureBit("movdiri", 7, 0, "ecx", 27),
    FeatureBit("movdir64b", 7, 0, "ecx", 28),
    FeatureBit("avx512_4vnniw", 7, 0, "edx", 2),
    FeatureBit("avx512_4fmaps", 7, 0, "edx", 3),
    FeatureBit("avx512vp2intersect", 7, 0, "edx", 8),
    FeatureBit("serialize", 7, 0, "edx", 14),
    FeatureBit("avx512fp16", 7, 0, "edx", 23),
    FeatureBit("avxvnni", 7, 1, "eax", 4),
    FeatureBit("avx512bf16", 7, 1, "eax", 5),
    FeatureBit("xsavec", 0xD, 1, "eax", 1),
    FeatureBit("xsaves", 0xD, 1, "eax", 3),
    FeatureBit("lzcnt", 0x8000_0001, 0, "ecx", 5),
)
"""What CPUs of the x86-64-v2 level (the psABI's name for Nehalem's features) may lack.  Portable recordings hide it.

Without osxsave no program runs xgetbv, xsave or AVX instructions: what they do depends on XCR0, which differs between
machines and which nothing can intercept.
"""

REQUIRED = (
    FeatureBit("sse3", 1, 0, "ecx", 0),
    FeatureBit("ssse3", 1, 0, "ecx", 9),
    FeatureBit("sse4_1", 1, 0, "ecx", 19),
    FeatureBit("sse4_2", 1, 0, "ecx", 20),
    FeatureBit("popcnt", 1, 0, "ecx", 23),
    FeatureBit("aes", 1, 0, "ecx", 25),
    *BEYOND_V2,
)
"""Features whose instructions a program may have chosen to run: replay needs those the program was shown."""


def cpuid(leaf: int, subleaf: int) -> CpuidLeaf:
    """What this CPU answers."""
    answer = ffi.new("uint32_t[4]")
    lib.redrive_cpuid(leaf, subleaf, answer)
    return CpuidLeaf(leaf, subleaf, *answer)


class ShownCpu:
    """What this CPU answers without the hidden features.

    Each question is asked once: in a virtual machine a cpuid is an exit to the hypervisor.
    """

    def __init__(self, hidden: tuple[FeatureBit, ...]) -> None:
        self._hidden = hidden
        self.answers: dict[tuple[int, int], CpuidLeaf] = {}
        """What has been asked until now: by leaf and subleaf, that being 0 where it does not matter."""

    def cpuid(self, leaf: int, subleaf: int) -> CpuidLeaf:
        """The answer for a leaf and subleaf."""
        question = (leaf, subleaf if leaf in LEAVES_WITH_SUBLEAVES else 0)
        answer = self.answers.get(question)
        if answer is None:
            answer = shown(cpuid(*question), self._hidden)
            if len(self.answers) < _MOST_ANSWERS:
                self.answers[question] = answer
        return answer


def _subleaves(leaf: int) -> list[CpuidLeaf]:
    first = cpuid(leaf, 0)
    answers = [first]
    for subleaf in range(1, _SUBLEAF_LIMIT):
        answer = cpuid(leaf, subleaf)
        # Leaves without subleaves answer the same whatever ecx says; the others end in zeros or in an invalid type.
        same = (answer.eax, answer.ebx, answer.ecx & ~0xFF, answer.edx)
        if same == (first.eax, first.ebx, first.ecx & ~0xFF, first.edx):
            break
        if leaf != 0xD and answer.eax == answer.ebx == answer.edx == 0:
            break
        answers.append(answer)
    return answers


def cpuid_table() -> tuple[CpuidLeaf, ...]:
    """All leaves and subleaves of this CPU."""
    leaves = [*range(cpuid(0, 0).eax + 1), *range(_EXTENDED, cpuid(_EXTENDED, 0).eax + 1)]
    return tuple(answer for leaf in leaves for answer in _subleaves(leaf))


def shown(answer: CpuidLeaf, hidden: tuple[FeatureBit, ...]) -> CpuidLeaf:
    """The answer without the hidden features."""
    question = (answer.leaf, answer.subleaf)
    for feature in hidden:
        if (feature.leaf, feature.subleaf) == question:
            value = getattr(answer, feature.register) & ~(1 << feature.bit)
            answer = answer._replace(**{feature.register: value})
    return answer


def features(hidden: tuple[FeatureBit, ...] = ()) -> tuple[str, ...]:
    """The names of those required features this CPU has and shows."""
    return features_by(ShownCpu(hidden).cpuid)


def features_by(ask: Callable[[int, int], object]) -> tuple[str, ...]:
    """The required features that some CPU has: ``ask`` gives its answer for a leaf and subleaf, or None."""
    return tuple(
        feature.name
        for feature in REQUIRED
        if getattr(ask(feature.leaf, feature.subleaf), feature.register, 0) >> feature.bit & 1
    )


def vendor() -> str:
    """Twelve letters, such as GenuineIntel."""
    answer = cpuid(0, 0)
    return b"".join(part.to_bytes(4, "little") for part in (answer.ebx, answer.edx, answer.ecx)).decode(
        "ascii", "replace"
    )


def brand() -> str:
    """The processor's name, or nothing where it does not say."""
    if cpuid(_EXTENDED, 0).eax < _EXTENDED + 4:
        return ""
    words = [getattr(cpuid(_EXTENDED + leaf, 0), name) for leaf in (2, 3, 4) for name in ("eax", "ebx", "ecx", "edx")]
    return b"".join(word.to_bytes(4, "little") for word in words).rstrip(b"\0").decode("ascii", "replace").strip()


def signature() -> tuple[int, int, int]:
    """Family, model and stepping as their makers count them."""
    value = cpuid(1, 0).eax
    family, model = value >> 8 & 15, value >> 4 & 15
    if family in (6, 15):
        model |= value >> 12 & 0xF0
    if family == 15:
        family += value >> 20 & 0xFF
    return family, model, value & 15


def choose(preferred: int | None = None) -> int:
    """A CPU of this thread's affinity mask: the preferred one, or one picked so that several recorders spread."""
    allowed = sorted(os.sched_getaffinity(0))
    return preferred if preferred in allowed else allowed[os.getpid() % len(allowed)]
