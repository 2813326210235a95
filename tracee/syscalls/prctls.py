"""The options of prctl(2) and arch_prctl(2): include/uapi/linux/prctl.h, arch/x86/include/uapi/asm/prctl.h."""

from __future__ import annotations

from collections.abc import Sequence
from errno import EEXIST, EINVAL

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import Argument, command, integer, named, out, pointer, size, text
from redrive.tracee.syscalls.extents import Fixed, If, Result
from redrive.tracee.syscalls.multiplexer import Choice, Command, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.syscall import Treatment

EMULATED = Treatment.EMULATED

_SET_SECCOMP = 22
_STRICT = 1

_numbers = (size("arg2"), size("arg3"), size("arg4"), size("arg5"))


def _number_out(value: int, name: str, length: int = 4) -> Command:
    """An option that writes a number where its argument points."""
    return command_row(value, name, out("arg2", length))


OPTIONS = (
    command_row(1, "PR_SET_PDEATHSIG", named("arg2", c.SIGNAL)),
    _number_out(2, "PR_GET_PDEATHSIG"),
    command_row(3, "PR_GET_DUMPABLE", treatment=EMULATED),
    command_row(4, "PR_SET_DUMPABLE", size("arg2"), treatment=EMULATED),
    _number_out(5, "PR_GET_UNALIGN"),
    command_row(6, "PR_SET_UNALIGN", *_numbers),
    command_row(7, "PR_GET_KEEPCAPS"),
    command_row(8, "PR_SET_KEEPCAPS", size("arg2")),
    _number_out(9, "PR_GET_FPEMU"),
    command_row(10, "PR_SET_FPEMU", size("arg2")),
    _number_out(11, "PR_GET_FPEXC"),
    command_row(12, "PR_SET_FPEXC", size("arg2")),
    command_row(13, "PR_GET_TIMING"),
    command_row(14, "PR_SET_TIMING", size("arg2")),
    command_row(15, "PR_SET_NAME", Argument("arg2", shown.address, given=text("").given)),
    _number_out(16, "PR_GET_NAME", 16),
    _number_out(19, "PR_GET_ENDIAN"),
    command_row(20, "PR_SET_ENDIAN", size("arg2")),
    command_row(21, "PR_GET_SECCOMP", treatment=EMULATED),
    command_row(_SET_SECCOMP, "PR_SET_SECCOMP", size("arg2"), pointer("arg3")),
    command_row(_SET_SECCOMP | _STRICT << 32, "PR_SET_SECCOMP", size("arg2"), treatment=EMULATED),
    command_row(23, "PR_CAPBSET_READ", size("arg2")),
    command_row(24, "PR_CAPBSET_DROP", size("arg2")),
    command_row(25, "PR_GET_TSC", out("arg2", 4), treatment=EMULATED),
    command_row(26, "PR_SET_TSC", size("arg2"), treatment=EMULATED),
    command_row(27, "PR_GET_SECUREBITS"),
    command_row(28, "PR_SET_SECUREBITS", size("arg2")),
    command_row(29, "PR_SET_TIMERSLACK", size("arg2")),
    command_row(30, "PR_GET_TIMERSLACK"),
    command_row(31, "PR_TASK_PERF_EVENTS_DISABLE"),
    command_row(32, "PR_TASK_PERF_EVENTS_ENABLE"),
    command_row(33, "PR_MCE_KILL", *_numbers),
    command_row(34, "PR_MCE_KILL_GET"),
    command_row(
        35,
        "PR_SET_MM",
        size("arg2"),
        # PR_SET_MM_MAP_SIZE
        out("arg3", If("arg2", lambda what: what == 15, Fixed(4))),
        size("arg4"),
        size("arg5"),
    ),
    command_row(36, "PR_SET_CHILD_SUBREAPER", size("arg2")),
    _number_out(37, "PR_GET_CHILD_SUBREAPER"),
    command_row(38, "PR_SET_NO_NEW_PRIVS", *_numbers),
    command_row(39, "PR_GET_NO_NEW_PRIVS", treatment=EMULATED),
    _number_out(40, "PR_GET_TID_ADDRESS", 8),
    command_row(41, "PR_SET_THP_DISABLE", *_numbers),
    command_row(42, "PR_GET_THP_DISABLE"),
    command_row(43, "PR_MPX_ENABLE_MANAGEMENT"),
    command_row(44, "PR_MPX_DISABLE_MANAGEMENT"),
    command_row(45, "PR_SET_FP_MODE", size("arg2")),
    command_row(46, "PR_GET_FP_MODE"),
    command_row(47, "PR_CAP_AMBIENT", *_numbers),
    command_row(50, "PR_SVE_SET_VL", size("arg2")),
    command_row(51, "PR_SVE_GET_VL"),
    command_row(52, "PR_GET_SPECULATION_CTRL", size("arg2")),
    command_row(53, "PR_SET_SPECULATION_CTRL", size("arg2"), size("arg3")),
    command_row(54, "PR_PAC_RESET_KEYS", *_numbers),
    command_row(55, "PR_SET_TAGGED_ADDR_CTRL", *_numbers),
    command_row(56, "PR_GET_TAGGED_ADDR_CTRL", *_numbers),
    command_row(57, "PR_SET_IO_FLUSHER", *_numbers),
    command_row(58, "PR_GET_IO_FLUSHER", *_numbers),
    command_row(59, "PR_SET_SYSCALL_USER_DISPATCH", *_numbers, refusal=EINVAL),
    command_row(60, "PR_PAC_SET_ENABLED_KEYS", *_numbers),
    command_row(61, "PR_PAC_GET_ENABLED_KEYS", *_numbers),
    command_row(62, "PR_SCHED_CORE", size("arg2"), size("arg3"), size("arg4"), out("arg5", 8)),
    command_row(63, "PR_SME_SET_VL", size("arg2")),
    command_row(64, "PR_SME_GET_VL"),
    command_row(65, "PR_SET_MDWE", *_numbers),
    command_row(66, "PR_GET_MDWE", *_numbers),
    command_row(67, "PR_SET_MEMORY_MERGE", *_numbers),
    command_row(68, "PR_GET_MEMORY_MERGE", *_numbers),
    command_row(69, "PR_RISCV_V_SET_CONTROL", *_numbers),
    command_row(70, "PR_RISCV_V_GET_CONTROL", *_numbers),
    command_row(71, "PR_RISCV_SET_ICACHE_FLUSH_CTX", *_numbers),
    command_row(72, "PR_PPC_GET_DEXCR", *_numbers),
    command_row(73, "PR_PPC_SET_DEXCR", *_numbers),
    command_row(74, "PR_GET_SHADOW_STACK_STATUS", *_numbers, refusal=EINVAL),
    command_row(75, "PR_SET_SHADOW_STACK_STATUS", *_numbers, refusal=EINVAL),
    command_row(76, "PR_LOCK_SHADOW_STACK_STATUS", *_numbers, refusal=EINVAL),
    command_row(77, "PR_TIMER_CREATE_RESTORE_IDS", *_numbers),
    command_row(78, "PR_FUTEX_HASH", *_numbers),
    command_row(0x53564D41, "PR_SET_VMA", size("arg2"), pointer("arg3"), size("arg4"), text("arg5")),
    command_row(0x41555856, "PR_GET_AUXV", out("arg2", Result("arg3")), size("arg3")),
    command_row(0x59616D61, "PR_SET_PTRACER", integer("arg2")),
)

_word_out = out("addr", 8)
_no_shadow_stack = pointer("addr")

ARCHITECTURE_OPTIONS = (
    command_row(0x1001, "ARCH_SET_GS", pointer("addr")),
    command_row(0x1002, "ARCH_SET_FS", pointer("addr")),
    command_row(0x1003, "ARCH_GET_FS", _word_out),
    command_row(0x1004, "ARCH_GET_GS", _word_out),
    command_row(0x1011, "ARCH_GET_CPUID", treatment=EMULATED),
    command_row(0x1012, "ARCH_SET_CPUID", size("addr"), treatment=EMULATED),
    command_row(0x1021, "ARCH_GET_XCOMP_SUPP", _word_out),
    command_row(0x1022, "ARCH_GET_XCOMP_PERM", _word_out),
    command_row(0x1023, "ARCH_REQ_XCOMP_PERM", size("addr")),
    command_row(0x1024, "ARCH_GET_XCOMP_GUEST_PERM", _word_out),
    command_row(0x1025, "ARCH_REQ_XCOMP_GUEST_PERM", size("addr")),
    command_row(0x1030, "ARCH_XCOMP_TILECFG", size("addr")),
    command_row(0x1031, "ARCH_XCOMP_TILEDATA", size("addr")),
    command_row(0x2001, "ARCH_MAP_VDSO_X32", size("addr"), refusal=EEXIST),
    command_row(0x2002, "ARCH_MAP_VDSO_32", size("addr"), refusal=EEXIST),
    command_row(0x2003, "ARCH_MAP_VDSO_64", size("addr"), refusal=EEXIST),
    command_row(0x3001, "ARCH_CET_STATUS", _no_shadow_stack, refusal=EINVAL),
    command_row(0x3002, "ARCH_CET_DISABLE", _no_shadow_stack, refusal=EINVAL),
    command_row(0x3003, "ARCH_CET_LOCK", _no_shadow_stack, refusal=EINVAL),
    command_row(0x4001, "ARCH_GET_UNTAG_MASK", _word_out),
    # Tagged addresses would have to be untagged wherever the tracee is read.
    command_row(0x4002, "ARCH_ENABLE_TAGGED_ADDR", size("addr"), refusal=EINVAL),
    command_row(0x4003, "ARCH_GET_MAX_TAG_BITS", _word_out),
    command_row(0x4004, "ARCH_FORCE_TAGGED_SVA", size("addr")),
    command_row(0x5001, "ARCH_SHSTK_ENABLE", _no_shadow_stack, refusal=EINVAL),
    command_row(0x5002, "ARCH_SHSTK_DISABLE", _no_shadow_stack, refusal=EINVAL),
    command_row(0x5003, "ARCH_SHSTK_LOCK", _no_shadow_stack, refusal=EINVAL),
    command_row(0x5004, "ARCH_SHSTK_UNLOCK", _no_shadow_stack, refusal=EINVAL),
    command_row(0x5005, "ARCH_SHSTK_STATUS", _no_shadow_stack, refusal=EINVAL),
)


def _option(arguments: Sequence[int]) -> int:
    """The option; for PR_SET_SECCOMP with the mode above it."""
    option = arguments[0] & 0xFFFFFFFF
    return option | _STRICT << 32 if option == _SET_SECCOMP and arguments[1] == _STRICT else option


MULTIPLEXERS = (
    Multiplexer(157, "prctl", _option, rows_of(157, "prctl", (command("option"),), OPTIONS)),
    Multiplexer(158, "arch_prctl", Choice(0), rows_of(158, "arch_prctl", (command("code"),), ARCHITECTURE_OPTIONS)),
)
