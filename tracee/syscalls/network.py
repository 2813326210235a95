"""Sockets."""

from __future__ import annotations

from collections.abc import Sequence
from errno import EINVAL, ENOPROTOOPT

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls import shown_structures as structure
from redrive.tracee.syscalls.argument import (
    SOCKET_ADDRESS_LIMIT,
    Argument,
    descriptor,
    given,
    integer,
    named,
    out,
    size,
    unsigned,
    updated,
)
from redrive.tracee.syscalls.extents import Pointed, Result, Structure
from redrive.tracee.syscalls.multiplexer import Multiplexer
from redrive.tracee.syscalls.structures import (
    PREVIEWED_MESSAGE,
    ReceivedMessages,
    netfilter_counters,
    received_message,
)
from redrive.tracee.syscalls.syscall import row

_socket = descriptor("sockfd")
_flags = named("flags", c.MESSAGE_FLAGS)
_peer = (
    out("addr", Pointed("addrlen", limit=SOCKET_ADDRESS_LIMIT)),
    updated("addrlen", 4, shown.number32),
)
_kind = (named("domain", c.SOCKET_FAMILY), named("type", c.SOCKET_TYPE), integer("protocol"))
_address = (given("addr", "addrlen", structure.socket_address, limit=SOCKET_ADDRESS_LIMIT), integer("addrlen"))
_option = (_socket, named("level", c.SOCKET_LEVEL), integer("optname"))
_option_in = (given("optval", "optlen"), integer("optlen"))
# Some options say how much room they need when they fail.
_option_out = (
    out("optval", Pointed("optlen"), on_error=True),
    updated("optlen", 4, shown.number32, on_error=True),
)
_sent = Argument("msg", shown.address, given=PREVIEWED_MESSAGE)

ROWS = (
    row(41, "socket", *_kind),
    row(42, "connect", _socket, *_address, blocks=True),
    row(43, "accept", _socket, *_peer, blocks=True),
    row(
        44,
        "sendto",
        _socket,
        given("buf", "len"),
        size("len"),
        _flags,
        given("dest_addr", "addrlen", structure.socket_address, limit=SOCKET_ADDRESS_LIMIT),
        integer("addrlen"),
        blocks=True,
    ),
    row(45, "recvfrom", _socket, out("buf", Result("len")), size("len"), _flags, *_peer, blocks=True),
    row(46, "sendmsg", _socket, _sent, _flags, blocks=True),
    row(47, "recvmsg", _socket, out("msg", Structure(received_message)), _flags, blocks=True),
    row(48, "shutdown", _socket, named("how", c.SHUTDOWN_HOW)),
    row(49, "bind", _socket, *_address),
    row(50, "listen", _socket, integer("backlog")),
    row(51, "getsockname", _socket, *_peer),
    row(52, "getpeername", _socket, *_peer),
    # The descriptors are written before the sockets are made, which may then fail.
    row(53, "socketpair", *_kind, out("sv", 8, on_error=True)),
    row(288, "accept4", _socket, *_peer, named("flags", c.SOCKET_TYPE), blocks=True),
    row(
        299,
        "recvmmsg",
        _socket,
        out("msgvec", ReceivedMessages("vlen")),
        unsigned("vlen"),
        _flags,
        updated("timeout", 16, shown.timespec, on_error=True),
        blocks=True,
    ),
    row(
        307,
        "sendmmsg",
        _socket,
        Argument("msgvec", shown.address, given=PREVIEWED_MESSAGE, written=Result("vlen", each=64)),
        unsigned("vlen"),
        _flags,
        blocks=True,
    ),
)


def _level_and_option(arguments: Sequence[int]) -> int:
    return (arguments[1] & 0xFFFFFFFF) << 32 | arguments[2] & 0xFFFFFFFF


_SETSOCKOPT = row(54, "setsockopt", *_option, *_option_in)
_GETSOCKOPT = row(55, "getsockopt", *_option, *_option_out)

_SET_NETFILTER_TABLE = row(
    54,
    "setsockopt",
    *_option,
    Argument("optval", shown.address, written=Structure(netfilter_counters), written_on_error=True),
    integer("optlen"),
)
# TCP_ZEROCOPY_RECEIVE maps the socket's pages into the task.
_MAP_RECEIVED = row(55, "getsockopt", *_option, *_option_out, refusal=EINVAL)
# SO_GET_FILTER counts instructions, struct sock_filter.
_GET_FILTER = row(
    55,
    "getsockopt",
    *_option,
    out("optval", Pointed("optlen", unit=8), on_error=True),
    updated("optlen", 4, shown.number32, on_error=True),
)
_SHARED_RING = row(54, "setsockopt", *_option, *_option_in, refusal=ENOPROTOOPT)
_SHARED_RINGS = (
    (263, 5),  # SOL_PACKET: PACKET_RX_RING
    (263, 13),  # PACKET_TX_RING
    (283, 2),  # SOL_XDP: XDP_RX_RING
    (283, 3),  # XDP_TX_RING
    (283, 4),  # XDP_UMEM_REG
    (283, 5),  # XDP_UMEM_FILL_RING
    (283, 6),  # XDP_UMEM_COMPLETION_RING
)
"""Options that make memory which the kernel fills when packets come; programs then receive in the ordinary way."""

MULTIPLEXERS = (
    Multiplexer(
        54,
        "setsockopt",
        _level_and_option,
        # IPT_SO_SET_REPLACE, IP6T_SO_SET_REPLACE
        {0 << 32 | 64: _SET_NETFILTER_TABLE, 41 << 32 | 64: _SET_NETFILTER_TABLE}
        | {level << 32 | option: _SHARED_RING for level, option in _SHARED_RINGS},
        lambda arguments: _SETSOCKOPT,
    ),
    Multiplexer(
        55,
        "getsockopt",
        _level_and_option,
        {6 << 32 | 35: _MAP_RECEIVED, 1 << 32 | 26: _GET_FILTER},
        lambda arguments: _GETSOCKOPT,
    ),
)
