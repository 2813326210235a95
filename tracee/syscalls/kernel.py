"""The machine and its kernel: what it is, its modules, keys, quotas, security, and calls that exist only as numbers."""

from __future__ import annotations

from errno import ENOSYS, EPERM

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import (
    command,
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
from redrive.tracee.syscalls.extents import Pointed, Result
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.syscall import Treatment, row

_NUMBERS_WITHOUT_A_SYSCALL = {
    174: "create_module",
    177: "get_kernel_syms",
    178: "query_module",
    180: "nfsservctl",
    181: "getpmsg",
    182: "putpmsg",
    183: "afs_syscall",
    184: "tuxcall",
    185: "security",
    205: "set_thread_area",
    211: "get_thread_area",
    214: "epoll_ctl_old",
    215: "epoll_wait_old",
    236: "vserver",
}
"""Numbers that x86-64 kernels since 3.10 answer with ENOSYS."""

_key_types = (text("type"), text("description"))

ROWS = (
    row(63, "uname", out("buf", 390)),
    row(99, "sysinfo", out("info", 112)),
    row(153, "vhangup"),
    row(154, "modify_ldt", integer("func"), pointer("ptr"), size("bytecount"), refusal=ENOSYS),
    row(156, "_sysctl", pointer("args"), refusal=ENOSYS),
    row(167, "swapon", text("path"), unsigned("swapflags")),
    row(168, "swapoff", text("path")),
    row(169, "reboot", unsigned("magic"), unsigned("magic2"), unsigned("cmd"), text("arg")),
    row(170, "sethostname", given("name", "len"), size("len")),
    row(171, "setdomainname", given("name", "len"), size("len")),
    # Reading ports would bring in values that nobody records.
    row(172, "iopl", unsigned("level"), refusal=EPERM),
    row(173, "ioperm", size("from"), size("num"), integer("turn_on"), refusal=EPERM),
    *(row(number, name) for number, name in _NUMBERS_WITHOUT_A_SYSCALL.items()),
    row(175, "init_module", pointer("module_image"), size("len"), text("param_values"), blocks=True),
    row(176, "delete_module", text("name"), unsigned("flags"), blocks=True),
    # The kernel writes the ring of an asynchronous I/O context whenever it likes.
    row(206, "io_setup", unsigned("nr_events"), pointer("ctx_idp"), refusal=ENOSYS),
    row(207, "io_destroy", size("ctx_id"), refusal=ENOSYS),
    row(
        208,
        "io_getevents",
        size("ctx_id"),
        size("min_nr"),
        size("nr"),
        pointer("events"),
        pointer("timeout"),
        refusal=ENOSYS,
    ),
    row(209, "io_submit", size("ctx_id"), size("nr"), pointer("iocbpp"), refusal=ENOSYS),
    row(210, "io_cancel", size("ctx_id"), pointer("iocb"), pointer("result"), refusal=ENOSYS),
    row(212, "lookup_dcookie", size("cookie"), out("buffer", Result("len", exact=True)), size("len")),
    row(219, "restart_syscall", blocks=True),
    row(
        246,
        "kexec_load",
        pointer("entry"),
        size("nr_segments"),
        pointer("segments"),
        size("flags"),
    ),
    row(248, "add_key", *_key_types, given("payload", "plen"), size("plen"), integer("keyring")),
    row(249, "request_key", *_key_types, text("callout_info"), integer("dest_keyring"), blocks=True),
    row(
        298,
        "perf_event_open",
        pointer("attr"),
        integer("pid"),
        integer("cpu"),
        descriptor("group_fd"),
        size("flags"),
        refusal=EPERM,
    ),
    row(313, "finit_module", descriptor(), text("param_values"), integer("flags"), blocks=True),
    row(
        318,
        "getrandom",
        out("buf", Result("buflen", exact=True)),
        size("buflen"),
        named("flags", c.RANDOM_FLAGS),
        blocks=True,
    ),
    row(
        320,
        "kexec_file_load",
        descriptor("kernel_fd"),
        descriptor("initrd_fd"),
        size("cmdline_len"),
        text("cmdline"),
        size("flags"),
    ),
    row(
        333,
        "io_pgetevents",
        size("ctx_id"),
        size("min_nr"),
        size("nr"),
        pointer("events"),
        pointer("timeout"),
        pointer("sig"),
        refusal=ENOSYS,
    ),
    # Only the kernel's own trampolines may call these.
    row(335, "uretprobe", refusal=ENOSYS),
    row(336, "uprobe", refusal=ENOSYS),
    row(425, "io_uring_setup", unsigned("entries"), pointer("params"), refusal=ENOSYS),
    row(
        426,
        "io_uring_enter",
        descriptor(),
        unsigned("to_submit"),
        unsigned("min_complete"),
        unsigned("flags"),
        pointer("argp"),
        size("argsz"),
        refusal=ENOSYS,
    ),
    row(
        427, "io_uring_register", descriptor(), unsigned("opcode"), pointer("arg"), unsigned("nr_args"), refusal=ENOSYS
    ),
    row(444, "landlock_create_ruleset", given("attr", "size"), size("size"), unsigned("flags")),
    row(
        445,
        "landlock_add_rule",
        descriptor("ruleset_fd"),
        integer("rule_type"),
        given("rule_attr", 16),
        unsigned("flags"),
    ),
    row(446, "landlock_restrict_self", descriptor("ruleset_fd"), unsigned("flags")),
    row(
        459,
        "lsm_get_self_attr",
        unsigned("attr"),
        out("ctx", Pointed("size")),
        updated("size", 4, shown.number32, on_error=True),
        unsigned("flags"),
    ),
    row(460, "lsm_set_self_attr", unsigned("attr"), given("ctx", "size"), unsigned("size"), unsigned("flags")),
    row(
        461,
        "lsm_list_modules",
        out("ids", Pointed("size")),
        updated("size", 4, shown.number32, on_error=True),
        unsigned("flags"),
    ),
)

_log_text = (out("bufp", Result("size")), integer("size"))
_no_log_text = (pointer("bufp"), integer("size"))
SYSLOG = (
    command_row(0, "SYSLOG_ACTION_CLOSE", *_no_log_text),
    command_row(1, "SYSLOG_ACTION_OPEN", *_no_log_text),
    command_row(2, "SYSLOG_ACTION_READ", *_log_text, blocks=True),
    command_row(3, "SYSLOG_ACTION_READ_ALL", *_log_text),
    command_row(4, "SYSLOG_ACTION_READ_CLEAR", *_log_text),
    command_row(5, "SYSLOG_ACTION_CLEAR", *_no_log_text),
    command_row(6, "SYSLOG_ACTION_CONSOLE_OFF", *_no_log_text),
    command_row(7, "SYSLOG_ACTION_CONSOLE_ON", *_no_log_text),
    command_row(8, "SYSLOG_ACTION_CONSOLE_LEVEL", *_no_log_text),
    command_row(9, "SYSLOG_ACTION_SIZE_UNREAD", *_no_log_text),
    command_row(10, "SYSLOG_ACTION_SIZE_BUFFER", *_no_log_text),
)

SECCOMP = (
    command_row(0, "SECCOMP_SET_MODE_STRICT", unsigned("flags"), pointer("args"), treatment=Treatment.EMULATED),
    command_row(1, "SECCOMP_SET_MODE_FILTER", unsigned("flags"), pointer("args")),
    command_row(2, "SECCOMP_GET_ACTION_AVAIL", unsigned("flags"), given("args", 4)),
    command_row(3, "SECCOMP_GET_NOTIF_SIZES", unsigned("flags"), out("args", 6)),
)

MULTIPLEXERS = (
    Multiplexer(103, "syslog", Choice(0), rows_of(103, "syslog", (command("type"),), SYSLOG)),
    Multiplexer(317, "seccomp", Choice(0), rows_of(317, "seccomp", (command("operation"),), SECCOMP)),
)
