"""Tasks: how they begin, end and are waited for; their groups, limits and identities."""

from __future__ import annotations

from errno import ENOSYS

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import (
    descriptor,
    given,
    integer,
    named,
    out,
    pointer,
    size,
    text,
    unsigned,
    updated,
)
from redrive.tracee.syscalls.extents import Counted, Fixed, If, Result
from redrive.tracee.syscalls.shown_structures import resource_limit, texts
from redrive.tracee.syscalls.syscall import Treatment, row

EXECUTED, EMULATED = Treatment.EXECUTED, Treatment.EMULATED

_WRITES_PARENT = 0x1000 | 0x100000
"""CLONE_PIDFD, which writes before the clone can still fail, and CLONE_PARENT_SETTID."""
_CLONE_CHILD_SETTID = 0x1000000

_pid = integer("pid")
_usage = out("rusage", 144)

ROWS = (
    row(24, "sched_yield", blocks=True),
    row(39, "getpid"),
    row(
        56,
        "clone",
        named("flags", c.CLONE_FLAGS),
        pointer("stack"),
        out("parent_tid", If("flags", lambda flags: bool(flags & _WRITES_PARENT), Fixed(4)), on_error=True),
        # In the child's memory, which is the caller's as well under CLONE_VM.
        out("child_tid", If("flags", lambda flags: bool(flags & _CLONE_CHILD_SETTID), Fixed(4))),
        size("tls"),
        treatment=EXECUTED,
        blocks=True,
    ),
    row(57, "fork", treatment=EXECUTED),
    row(58, "vfork", treatment=EXECUTED, blocks=True),
    row(59, "execve", text("pathname"), texts("argv"), texts("envp"), treatment=EXECUTED, blocks=True),
    row(60, "exit", integer("status"), treatment=EXECUTED),
    row(61, "wait4", _pid, out("wstatus", 4), named("options", c.WAIT_OPTIONS), _usage, blocks=True),
    row(97, "getrlimit", named("resource", c.RESOURCE), out("rlim", 16)),
    row(98, "getrusage", named("who", c.USAGE_WHO), out("usage", 144)),
    row(
        101,
        "ptrace",
        named("request", c.PTRACE_REQUEST),
        _pid,
        pointer("addr"),
        pointer("data"),
        treatment=EMULATED,
    ),
    row(102, "getuid"),
    row(104, "getgid"),
    row(105, "setuid", unsigned("uid")),
    row(106, "setgid", unsigned("gid")),
    row(107, "geteuid"),
    row(108, "getegid"),
    row(109, "setpgid", _pid, integer("pgid")),
    row(110, "getppid"),
    row(111, "getpgrp"),
    row(112, "setsid"),
    row(113, "setreuid", unsigned("ruid"), unsigned("euid")),
    row(114, "setregid", unsigned("rgid"), unsigned("egid")),
    row(115, "getgroups", integer("size"), out("list", Result("size", each=4))),
    row(116, "setgroups", size("size"), given("list", 4, shown.number32)),
    row(117, "setresuid", unsigned("ruid"), unsigned("euid"), unsigned("suid")),
    row(118, "getresuid", out("ruid", 4), out("euid", 4), out("suid", 4)),
    row(119, "setresgid", unsigned("rgid"), unsigned("egid"), unsigned("sgid")),
    row(120, "getresgid", out("rgid", 4), out("egid", 4), out("sgid", 4)),
    row(121, "getpgid", _pid),
    row(122, "setfsuid", unsigned("fsuid")),
    row(123, "setfsgid", unsigned("fsgid")),
    row(124, "getsid", _pid),
    # The header's version is corrected on EINVAL.
    row(125, "capget", updated("hdrp", 8, shown.quoted, on_error=True), out("datap", 24)),
    row(126, "capset", updated("hdrp", 8, shown.quoted, on_error=True), given("datap", 24)),
    row(135, "personality", named("persona", c.PERSONALITY)),
    row(140, "getpriority", named("which", c.PRIORITY_WHICH), integer("who")),
    row(141, "setpriority", named("which", c.PRIORITY_WHICH), integer("who"), integer("prio")),
    row(142, "sched_setparam", _pid, given("param", 4, shown.number32)),
    row(143, "sched_getparam", _pid, out("param", 4)),
    row(144, "sched_setscheduler", _pid, named("policy", c.SCHEDULER), given("param", 4, shown.number32)),
    row(145, "sched_getscheduler", _pid, result=c.SCHEDULER),
    row(146, "sched_get_priority_max", named("policy", c.SCHEDULER)),
    row(147, "sched_get_priority_min", named("policy", c.SCHEDULER)),
    row(148, "sched_rr_get_interval", _pid, out("tp", 16)),
    row(160, "setrlimit", named("resource", c.RESOURCE), given("rlim", 16, resource_limit)),
    row(163, "acct", text("filename")),
    row(186, "gettid"),
    row(
        203,
        "sched_setaffinity",
        _pid,
        size("cpusetsize"),
        given("mask", "cpusetsize"),
        treatment=EMULATED,
    ),
    row(
        204,
        "sched_getaffinity",
        _pid,
        size("cpusetsize"),
        out("mask", Result("cpusetsize", exact=True)),
        treatment=EMULATED,
    ),
    row(218, "set_tid_address", pointer("tidptr")),
    row(231, "exit_group", integer("status"), treatment=EXECUTED),
    # waitid(2) fills the siginfo with zeros even when it fails.
    row(
        247,
        "waitid",
        named("idtype", c.WAIT_TYPE),
        integer("id"),
        out("infop", 128, on_error=True),
        named("options", c.WAIT_OPTIONS),
        _usage,
        blocks=True,
    ),
    row(251, "ioprio_set", integer("which"), integer("who"), integer("ioprio")),
    row(252, "ioprio_get", integer("which"), integer("who")),
    row(272, "unshare", named("flags", c.CLONE_FLAGS)),
    row(273, "set_robust_list", pointer("head"), size("len")),
    row(274, "get_robust_list", _pid, out("head_ptr", 8), out("len_ptr", 8)),
    row(
        302,
        "prlimit64",
        _pid,
        named("resource", c.RESOURCE),
        given("new_limit", 16, resource_limit),
        out("old_limit", 16),
    ),
    row(308, "setns", descriptor(), named("nstype", c.CLONE_FLAGS)),
    row(309, "getcpu", out("cpu", 4), out("node", 4), pointer("tcache")),
    row(312, "kcmp", integer("pid1"), integer("pid2"), integer("type"), size("idx1"), size("idx2")),
    # E2BIG corrects the structure's size member.
    row(314, "sched_setattr", _pid, updated("attr", 48, shown.quoted, on_error=True), unsigned("flags")),
    row(315, "sched_getattr", _pid, out("attr", Counted("size")), unsigned("size"), unsigned("flags")),
    row(
        322,
        "execveat",
        descriptor("dirfd"),
        text("pathname"),
        texts("argv"),
        texts("envp"),
        named("flags", c.AT_FLAGS),
        treatment=EXECUTED,
    ),
    row(324, "membarrier", integer("cmd"), unsigned("flags"), integer("cpu_id")),
    row(334, "rseq", pointer("rseq"), unsigned("rseq_len"), integer("flags"), unsigned("sig"), refusal=ENOSYS),
    row(424, "pidfd_send_signal", descriptor("pidfd"), named("sig", c.SIGNAL), given("info", 128), unsigned("flags")),
    row(434, "pidfd_open", _pid, unsigned("flags")),
    row(435, "clone3", given("cl_args", "size"), size("size"), refusal=ENOSYS),
    row(438, "pidfd_getfd", descriptor("pidfd"), descriptor("targetfd"), unsigned("flags")),
    row(
        470,
        "listns",
        given("req", 40),
        out("ns_ids", Result("nr_ns_ids", each=8)),
        size("nr_ns_ids"),
        unsigned("flags"),
    ),
    row(471, "rseq_slice_yield", refusal=ENOSYS),
)
