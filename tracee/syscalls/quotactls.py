"""The commands of quotactl(2): include/uapi/linux/{quota,dqblk_xfs}.h."""

from __future__ import annotations

from redrive.tracee.syscalls.argument import command, descriptor, given, integer, out, pointer, text
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.shown import names

_id = integer("id")
_ignored = pointer("addr")

COMMANDS = (
    command_row(0x800001, "Q_SYNC", _id, _ignored),
    command_row(0x800002, "Q_QUOTAON", _id, text("addr")),
    command_row(0x800003, "Q_QUOTAOFF", _id, _ignored),
    command_row(0x800004, "Q_GETFMT", _id, out("addr", 4)),
    command_row(0x800005, "Q_GETINFO", _id, out("addr", 24)),
    command_row(0x800006, "Q_SETINFO", _id, given("addr", 24)),
    command_row(0x800007, "Q_GETQUOTA", _id, out("addr", 72)),
    command_row(0x800008, "Q_SETQUOTA", _id, given("addr", 72)),
    command_row(0x800009, "Q_GETNEXTQUOTA", _id, out("addr", 72)),
    command_row(0x5801, "Q_XQUOTAON", _id, given("addr", 4)),
    command_row(0x5802, "Q_XQUOTAOFF", _id, given("addr", 4)),
    command_row(0x5803, "Q_XGETQUOTA", _id, out("addr", 112)),
    command_row(0x5804, "Q_XSETQLIM", _id, given("addr", 112)),
    command_row(0x5805, "Q_XGETQSTAT", _id, out("addr", 80)),
    command_row(0x5806, "Q_XQUOTARM", _id, given("addr", 4)),
    command_row(0x5807, "Q_XQUOTASYNC", _id, _ignored),
    command_row(0x5808, "Q_XGETQSTATV", _id, out("addr", 160)),
    command_row(0x5809, "Q_XGETNEXTQUOTA", _id, out("addr", 112)),
)

_TYPES = names("USRQUOTA GRPQUOTA PRJQUOTA")
_command = command("op", lambda value: _TYPES.get(value & 0xFF, hex(value & 0xFF)))

# The command's low byte is the type of quota.
MULTIPLEXERS = (
    Multiplexer(
        179,
        "quotactl",
        Choice(0, 0xFFFFFF00, 8),
        rows_of(179, "quotactl", (_command, text("special")), COMMANDS),
    ),
    Multiplexer(
        443,
        "quotactl_fd",
        Choice(1, 0xFFFFFF00, 8),
        rows_of(443, "quotactl_fd", (descriptor(), _command), COMMANDS),
    ),
)
