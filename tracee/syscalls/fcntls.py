"""The commands of fcntl(2): include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import command, descriptor, given, integer, named, out, pointer, unsigned
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of

_lock = given("lock", 32)
_no_argument = pointer("arg")

COMMANDS = (
    command_row(0, "F_DUPFD", integer("arg")),
    command_row(1, "F_GETFD", result=c.DESCRIPTOR_FLAGS),
    command_row(2, "F_SETFD", named("arg", c.DESCRIPTOR_FLAGS)),
    command_row(3, "F_GETFL", result=c.OPEN_FLAGS),
    command_row(4, "F_SETFL", named("arg", c.OPEN_FLAGS)),
    command_row(5, "F_GETLK", out("lock", 32)),
    command_row(6, "F_SETLK", _lock),
    command_row(7, "F_SETLKW", _lock, blocks=True),
    command_row(8, "F_SETOWN", integer("arg")),
    command_row(9, "F_GETOWN"),
    command_row(10, "F_SETSIG", named("arg", c.SIGNAL)),
    command_row(11, "F_GETSIG", result=c.SIGNAL),
    command_row(15, "F_SETOWN_EX", given("owner", 8)),
    command_row(16, "F_GETOWN_EX", out("owner", 8)),
    command_row(17, "F_GETOWNER_UIDS", out("uids", 8)),
    command_row(36, "F_OFD_GETLK", out("lock", 32)),
    command_row(37, "F_OFD_SETLK", _lock),
    command_row(38, "F_OFD_SETLKW", _lock, blocks=True),
    command_row(1024, "F_SETLEASE", integer("arg")),
    command_row(1025, "F_GETLEASE"),
    command_row(1026, "F_NOTIFY", named("arg", shown.hexadecimal)),
    command_row(1027, "F_DUPFD_QUERY", descriptor("arg")),
    command_row(1028, "F_CREATED_QUERY"),
    command_row(1029, "F_CANCELLK", _no_argument),
    command_row(1030, "F_DUPFD_CLOEXEC", integer("arg")),
    command_row(1031, "F_SETPIPE_SZ", integer("arg")),
    command_row(1032, "F_GETPIPE_SZ"),
    command_row(1033, "F_ADD_SEALS", unsigned("arg")),
    command_row(1034, "F_GET_SEALS"),
    command_row(1035, "F_GET_RW_HINT", out("hint", 8)),
    command_row(1036, "F_SET_RW_HINT", given("hint", 8, shown.number64)),
    command_row(1037, "F_GET_FILE_RW_HINT", out("hint", 8)),
    command_row(1038, "F_SET_FILE_RW_HINT", given("hint", 8, shown.number64)),
)

MULTIPLEXERS = (Multiplexer(72, "fcntl", Choice(1), rows_of(72, "fcntl", (descriptor(), command("cmd")), COMMANDS)),)
