"""Requests of sockets and network devices: include/uapi/linux/{sockios,if,if_tun,if_bonding,if_bridge,wireless}.h.

struct ifreq is 40 bytes, ifconf 16, iwreq 32, arpreq 68, rtentry 120.
"""

from __future__ import annotations

from collections.abc import Iterator

from redrive.tracee.syscalls.argument import given, integer, out, pointer
from redrive.tracee.syscalls.extents import Extent
from redrive.tracee.syscalls.ioctl_request import both_ways, pointed_block, reading, structured, with_buffers, writing
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import Command, command_row

_number_out = out("argp", 4)
_number_in = given("argp", 4)
_interface_out = out("ifr", 40)
_interface_in = given("ifr", 40)
_MOST_BEHIND_INTERFACE = 1 << 16
"""ethtool's answers vary with the command and the driver; dumps of registers are the longest."""


def _interface_names(first: int, names: str) -> Iterator[Command]:
    """Requests with a struct ifreq, from number ``first`` on: SIOCG* fill it, SIOCS* and the others only read it."""
    for number, name in enumerate(names.split(), first):
        if name != "-":
            yield command_row(number, name, _interface_out if name.startswith("SIOCG") else _interface_in)


def _wireless(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct iwreq: a name, then a union that may be an iw_point (pointer at 16) to at most 64 KiB."""
    yield address, 32
    pointed = int.from_bytes(memory.read(address + 16, 8), "little")
    if pointed >> 16:
        yield pointed, _MOST_BEHIND_INTERFACE


_SOCKETS = (
    command_row(0x8901, "FIOSETOWN", _number_in),
    command_row(0x8902, "SIOCSPGRP", _number_in),
    command_row(0x8903, "FIOGETOWN", _number_out),
    command_row(0x8904, "SIOCGPGRP", _number_out),
    command_row(0x8905, "SIOCATMARK", _number_out),
    command_row(0x8906, "SIOCGSTAMP", out("argp", 16)),
    command_row(0x8907, "SIOCGSTAMPNS", out("argp", 16)),
    reading("SIOCGSTAMP_NEW", 0x89, 6, 16),
    reading("SIOCGSTAMPNS_NEW", 0x89, 7, 16),
    command_row(0x890B, "SIOCADDRT", given("argp", 120)),
    command_row(0x890C, "SIOCDELRT", given("argp", 120)),
    command_row(0x894B, "SIOCOUTQNSD", _number_out),
    command_row(0x894C, "SIOCGSKNS", pointer("arg")),
    command_row(0x8953, "SIOCDARP", given("argp", 68)),
    command_row(0x8954, "SIOCGARP", out("argp", 68)),
    command_row(0x8955, "SIOCSARP", given("argp", 68)),
    command_row(0x8960, "SIOCDRARP", given("argp", 68)),
    command_row(0x8961, "SIOCGRARP", out("argp", 68)),
    command_row(0x8962, "SIOCSRARP", given("argp", 68)),
    command_row(0x8980, "SIOCADDDLCI", given("argp", 24)),
    command_row(0x8981, "SIOCDELDLCI", given("argp", 24)),
    command_row(0x8982, "SIOCGIFVLAN", out("argp", 64)),
    command_row(0x8983, "SIOCSIFVLAN", out("argp", 64)),
    command_row(0x89E0, "SIOCUNIXFILE", integer("arg")),
)

_INTERFACES = (
    *_interface_names(0x8910, "SIOCGIFNAME SIOCSIFLINK"),
    structured("SIOCGIFCONF", 0x8912, with_buffers(16, (8, 0, 4, 1))),
    *_interface_names(
        0x8913,
        "SIOCGIFFLAGS SIOCSIFFLAGS SIOCGIFADDR SIOCSIFADDR SIOCGIFDSTADDR SIOCSIFDSTADDR SIOCGIFBRDADDR SIOCSIFBRDADDR "
        "SIOCGIFNETMASK SIOCSIFNETMASK SIOCGIFMETRIC SIOCSIFMETRIC SIOCGIFMEM SIOCSIFMEM SIOCGIFMTU SIOCSIFMTU "
        "SIOCSIFNAME SIOCSIFHWADDR SIOCGIFENCAP SIOCSIFENCAP SIOCGIFHWADDR - SIOCGIFSLAVE - - - - - - SIOCSIFSLAVE "
        "SIOCADDMULTI SIOCDELMULTI SIOCGIFINDEX SIOCSIFPFLAGS "
        "SIOCGIFPFLAGS SIOCDIFADDR SIOCSIFHWBROADCAST SIOCGIFCOUNT",
    ),
    *_interface_names(0x8942, "SIOCGIFTXQLEN SIOCSIFTXQLEN"),
    structured("SIOCETHTOOL", 0x8946, pointed_block(16, _MOST_BEHIND_INTERFACE)),
    *_interface_names(0x8947, "SIOCGMIIPHY SIOCGMIIREG SIOCSMIIREG SIOCWANDEV"),
    *_interface_names(0x8970, "SIOCGIFMAP SIOCSIFMAP"),
    *_interface_names(0x8990, "SIOCBONDENSLAVE SIOCBONDRELEASE SIOCBONDSETHWADDR"),
    structured("SIOCBONDSLAVEINFOQUERY", 0x8993, pointed_block(16, 64)),
    structured("SIOCBONDINFOQUERY", 0x8994, pointed_block(16, 64)),
    *_interface_names(0x8995, "SIOCBONDCHANGEACTIVE"),
    command_row(0x89A0, "SIOCBRADDBR", given("argp", 16)),
    command_row(0x89A1, "SIOCBRDELBR", given("argp", 16)),
    *_interface_names(0x89A2, "SIOCBRADDIF SIOCBRDELIF"),
    structured("SIOCSHWTSTAMP", 0x89B0, pointed_block(16, 12)),
    structured("SIOCGHWTSTAMP", 0x89B1, pointed_block(16, 12)),
)

# The kernel fills the structure in the requests with odd numbers, and SIOCSIWCOMMIT's 0x8B00 takes nothing.
_WIRELESS = tuple(
    structured(f"SIOCGIW_{number:#x}", number, _wireless)
    if number & 1
    else command_row(number, f"SIOCSIW_{number:#x}", given("iwr", 32))
    for number in range(0x8B00, 0x8B40)
)

_TUNNELS = (
    writing("TUNSETNOCSUM", "T", 200, 4),
    writing("TUNSETDEBUG", "T", 201, 4),
    # Declared as taking an int, it takes a struct ifreq and fills in the device's name.
    command_row(0x400454CA, "TUNSETIFF", out("ifr", 40)),
    command_row(0x400454CB, "TUNSETPERSIST", integer("arg")),
    command_row(0x400454CC, "TUNSETOWNER", integer("arg")),
    command_row(0x400454CD, "TUNSETLINK", integer("arg")),
    command_row(0x400454CE, "TUNSETGROUP", integer("arg")),
    reading("TUNGETFEATURES", "T", 207, 4),
    command_row(0x400454D0, "TUNSETOFFLOAD", integer("arg")),
    writing("TUNSETTXFILTER", "T", 209, 4),
    command_row(0x800454D2, "TUNGETIFF", out("ifr", 40)),
    reading("TUNGETSNDBUF", "T", 211, 4),
    writing("TUNSETSNDBUF", "T", 212, 4),
    writing("TUNATTACHFILTER", "T", 213, 16),
    writing("TUNDETACHFILTER", "T", 214, 16),
    reading("TUNGETVNETHDRSZ", "T", 215, 4),
    writing("TUNSETVNETHDRSZ", "T", 216, 4),
    command_row(0x400454D9, "TUNSETQUEUE", given("ifr", 40)),
    writing("TUNSETIFINDEX", "T", 218, 4),
    reading("TUNGETFILTER", "T", 219, 16),
    writing("TUNSETVNETLE", "T", 220, 4),
    reading("TUNGETVNETLE", "T", 221, 4),
    writing("TUNSETVNETBE", "T", 222, 4),
    reading("TUNGETVNETBE", "T", 223, 4),
    reading("TUNSETSTEERINGEBPF", "T", 224, 4),
    reading("TUNSETFILTEREBPF", "T", 225, 4),
    writing("TUNSETCARRIER", "T", 226, 4),
    command_row(0x54E3, "TUNGETDEVNETNS", pointer("arg")),
)

_POINT_TO_POINT = (
    reading("PPPIOCGFLAGS", "t", 90, 4),
    writing("PPPIOCSFLAGS", "t", 89, 4),
    reading("PPPIOCGUNIT", "t", 86, 4),
    both_ways("PPPIOCNEWUNIT", "t", 62, 4),
    writing("PPPIOCATTACH", "t", 61, 4),
    writing("PPPIOCCONNECT", "t", 58, 4),
    reading("PPPIOCGCHAN", "t", 55, 4),
)

REQUESTS = (*_SOCKETS, *_INTERFACES, *_WIRELESS, *_TUNNELS, *_POINT_TO_POINT)
