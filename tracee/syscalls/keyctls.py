"""The operations of keyctl(2)."""

from __future__ import annotations

from redrive.tracee.syscalls.argument import command, given, integer, out, pointer, size, text, unsigned
from redrive.tracee.syscalls.extents import Counted, Pointed, Result
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of

_key = integer("key")
_text_out = (out("buffer", Result("buflen")), size("buflen"))

# include/uapi/linux/keyctl.h
OPERATIONS = (
    command_row(0, "KEYCTL_GET_KEYRING_ID", _key, integer("create")),
    command_row(1, "KEYCTL_JOIN_SESSION_KEYRING", text("name")),
    command_row(2, "KEYCTL_UPDATE", _key, given("payload", "plen"), size("plen")),
    command_row(3, "KEYCTL_REVOKE", _key),
    command_row(4, "KEYCTL_CHOWN", _key, unsigned("uid"), unsigned("gid")),
    command_row(5, "KEYCTL_SETPERM", _key, unsigned("perm")),
    command_row(6, "KEYCTL_DESCRIBE", _key, *_text_out),
    command_row(7, "KEYCTL_CLEAR", integer("keyring")),
    command_row(8, "KEYCTL_LINK", _key, integer("keyring")),
    command_row(9, "KEYCTL_UNLINK", _key, integer("keyring")),
    command_row(10, "KEYCTL_SEARCH", integer("keyring"), text("type"), text("description"), integer("destination")),
    command_row(11, "KEYCTL_READ", _key, *_text_out),
    command_row(12, "KEYCTL_INSTANTIATE", _key, given("payload", "plen"), size("plen"), integer("keyring")),
    command_row(13, "KEYCTL_NEGATE", _key, unsigned("timeout"), integer("keyring")),
    command_row(14, "KEYCTL_SET_REQKEY_KEYRING", integer("reqkey_defl")),
    command_row(15, "KEYCTL_SET_TIMEOUT", _key, unsigned("timeout")),
    command_row(16, "KEYCTL_ASSUME_AUTHORITY", _key),
    command_row(17, "KEYCTL_GET_SECURITY", _key, *_text_out),
    command_row(18, "KEYCTL_SESSION_TO_PARENT"),
    command_row(19, "KEYCTL_REJECT", _key, unsigned("timeout"), unsigned("error"), integer("keyring")),
    command_row(20, "KEYCTL_INSTANTIATE_IOV", _key, pointer("payload_iov"), size("ioc"), integer("keyring")),
    command_row(21, "KEYCTL_INVALIDATE", _key),
    command_row(22, "KEYCTL_GET_PERSISTENT", unsigned("uid"), integer("keyring")),
    command_row(23, "KEYCTL_DH_COMPUTE", given("params", 12), *_text_out, pointer("kdf_params")),
    command_row(24, "KEYCTL_PKEY_QUERY", _key, size("reserved"), text("info"), out("result", 56)),
    command_row(
        25,
        "KEYCTL_PKEY_ENCRYPT",
        given("params", 32),
        text("info"),
        given("in", 64),
        out("out", Pointed("params", at=8)),
    ),
    command_row(
        26,
        "KEYCTL_PKEY_DECRYPT",
        given("params", 32),
        text("info"),
        given("in", 64),
        out("out", Pointed("params", at=8)),
    ),
    command_row(
        27, "KEYCTL_PKEY_SIGN", given("params", 32), text("info"), given("in", 64), out("out", Pointed("params", at=8))
    ),
    command_row(28, "KEYCTL_PKEY_VERIFY", given("params", 32), text("info"), pointer("in"), pointer("signature")),
    command_row(29, "KEYCTL_RESTRICT_KEYRING", integer("keyring"), text("type"), text("restriction")),
    command_row(30, "KEYCTL_MOVE", _key, integer("from"), integer("to"), unsigned("flags")),
    # The rest of the buffer is filled with zeros.
    command_row(31, "KEYCTL_CAPABILITIES", out("buffer", Counted("buflen")), size("buflen")),
    command_row(32, "KEYCTL_WATCH_KEY", _key, integer("queue_fd"), integer("watch_id")),
)
MULTIPLEXERS = (Multiplexer(250, "keyctl", Choice(0), rows_of(250, "keyctl", (command("operation"),), OPERATIONS)),)
