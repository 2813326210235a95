"""Requests of terminals, pseudo-terminals and consoles: include/uapi/asm-generic/ioctls.h, linux/{kd,vt}.h.

Sizes are those of x86-64: struct termios is 36 bytes, termios2 44, termio 18, winsize 8, serial_struct 72.
"""

from __future__ import annotations

from redrive.tracee.syscalls.argument import given, integer, out, pointer
from redrive.tracee.syscalls.ioctl_request import bare, reading, structured, with_buffers, writing
from redrive.tracee.syscalls.multiplexer import command_row

_number_out = out("argp", 4)
_number_in = given("argp", 4)
_number = integer("arg")
_ignored = pointer("arg")
_termios = given("argp", 36)
_termio = given("argp", 18)
_termios2 = given("argp", 44)
_termiox = given("argp", 16)

TERMINALS = (
    command_row(0x5401, "TCGETS", out("argp", 36)),
    command_row(0x5402, "TCSETS", _termios, blocks=True),
    command_row(0x5403, "TCSETSW", _termios, blocks=True),
    command_row(0x5404, "TCSETSF", _termios, blocks=True),
    command_row(0x5405, "TCGETA", out("argp", 18)),
    command_row(0x5406, "TCSETA", _termio, blocks=True),
    command_row(0x5407, "TCSETAW", _termio, blocks=True),
    command_row(0x5408, "TCSETAF", _termio, blocks=True),
    command_row(0x5409, "TCSBRK", _number, blocks=True),
    command_row(0x540A, "TCXONC", _number, blocks=True),
    command_row(0x540B, "TCFLSH", _number),
    command_row(0x540C, "TIOCEXCL", _ignored),
    command_row(0x540D, "TIOCNXCL", _ignored),
    command_row(0x540E, "TIOCSCTTY", _number),
    command_row(0x540F, "TIOCGPGRP", _number_out),
    command_row(0x5410, "TIOCSPGRP", _number_in),
    command_row(0x5411, "TIOCOUTQ", _number_out),
    command_row(0x5412, "TIOCSTI", given("argp", 1), blocks=True),
    command_row(0x5413, "TIOCGWINSZ", out("argp", 8)),
    command_row(0x5414, "TIOCSWINSZ", given("argp", 8)),
    command_row(0x5415, "TIOCMGET", _number_out),
    command_row(0x5416, "TIOCMBIS", _number_in),
    command_row(0x5417, "TIOCMBIC", _number_in),
    command_row(0x5418, "TIOCMSET", _number_in),
    command_row(0x5419, "TIOCGSOFTCAR", _number_out),
    command_row(0x541A, "TIOCSSOFTCAR", _number_in),
    command_row(0x541B, "FIONREAD", _number_out),
    # Its first byte names one of a dozen operations; those that answer write a few bytes over it.
    command_row(0x541C, "TIOCLINUX", out("argp", 16, on_error=True)),
    command_row(0x541D, "TIOCCONS", _ignored),
    command_row(0x541E, "TIOCGSERIAL", out("argp", 72)),
    command_row(0x541F, "TIOCSSERIAL", given("argp", 72), blocks=True),
    command_row(0x5420, "TIOCPKT", _number_in),
    command_row(0x5421, "FIONBIO", _number_in),
    command_row(0x5422, "TIOCNOTTY", _ignored),
    command_row(0x5423, "TIOCSETD", _number_in, blocks=True),
    command_row(0x5424, "TIOCGETD", _number_out),
    command_row(0x5425, "TCSBRKP", _number, blocks=True),
    command_row(0x5427, "TIOCSBRK", _ignored, blocks=True),
    command_row(0x5428, "TIOCCBRK", _ignored, blocks=True),
    command_row(0x5429, "TIOCGSID", _number_out),
    command_row(0x542E, "TIOCGRS485", out("argp", 32)),
    command_row(0x542F, "TIOCSRS485", out("argp", 32)),
    command_row(0x5432, "TCGETX", out("argp", 16)),
    command_row(0x5433, "TCSETX", _termiox),
    command_row(0x5434, "TCSETXF", _termiox, blocks=True),
    command_row(0x5435, "TCSETXW", _termiox, blocks=True),
    command_row(0x5437, "TIOCVHANGUP", _ignored),
    bare("TIOCGPTPEER", "T", 0x41, _number, blocks=True),
    command_row(0x5450, "FIONCLEX", _ignored),
    command_row(0x5451, "FIOCLEX", _ignored),
    command_row(0x5452, "FIOASYNC", _number_in),
    command_row(0x5453, "TIOCSERCONFIG", _ignored, blocks=True),
    command_row(0x5454, "TIOCSERGWILD", _number_out),
    command_row(0x5455, "TIOCSERSWILD", _number_in),
    command_row(0x5456, "TIOCGLCKTRMIOS", out("argp", 36)),
    command_row(0x5457, "TIOCSLCKTRMIOS", _termios),
    command_row(0x5459, "TIOCSERGETLSR", _number_out),
    command_row(0x545C, "TIOCMIWAIT", _number, blocks=True),
    command_row(0x545D, "TIOCGICOUNT", out("argp", 80)),
    command_row(0x5460, "FIOQSIZE", out("argp", 8)),
    reading("TCGETS2", "T", 0x2A, 44),
    command_row(0x402C542B, "TCSETS2", _termios2, blocks=True),
    command_row(0x402C542C, "TCSETSW2", _termios2, blocks=True),
    command_row(0x402C542D, "TCSETSF2", _termios2, blocks=True),
    reading("TIOCGPTN", "T", 0x30, 4),
    writing("TIOCSPTLCK", "T", 0x31, 4),
    reading("TIOCGDEV", "T", 0x32, 4),
    # Its argument is the signal's number itself.
    command_row(0x40045436, "TIOCSIG", _number),
    reading("TIOCGPKT", "T", 0x38, 4),
    reading("TIOCGPTLCK", "T", 0x39, 4),
    reading("TIOCGEXCL", "T", 0x40, 4),
    reading("TIOCGISO7816", "T", 0x42, 40),
    command_row(0xC0285443, "TIOCSISO7816", out("argp", 40)),
)

# Glyphs are 32 bytes in the older requests, and at most 64 by 128 pixels in KDFONTOP (drivers/tty/vt/vt.c).
KEYBOARDS = (
    command_row(0x4B2F, "KIOCSOUND", _number),
    command_row(0x4B30, "KDMKTONE", _number),
    command_row(0x4B31, "KDGETLED", out("argp", 1)),
    command_row(0x4B32, "KDSETLED", _number),
    command_row(0x4B33, "KDGKBTYPE", out("argp", 1)),
    command_row(0x4B34, "KDADDIO", _number),
    command_row(0x4B35, "KDDELIO", _number),
    command_row(0x4B36, "KDENABIO", _ignored),
    command_row(0x4B37, "KDDISABIO", _ignored),
    command_row(0x4B3A, "KDSETMODE", _number),
    command_row(0x4B3B, "KDGETMODE", _number_out),
    command_row(0x4B3C, "KDMAPDISP", _ignored),
    command_row(0x4B3D, "KDUNMAPDISP", _ignored),
    command_row(0x4B40, "GIO_SCRNMAP", out("argp", 256)),
    command_row(0x4B41, "PIO_SCRNMAP", given("argp", 256)),
    command_row(0x4B44, "KDGKBMODE", _number_out),
    command_row(0x4B45, "KDSKBMODE", _number),
    command_row(0x4B46, "KDGKBENT", out("argp", 4)),
    command_row(0x4B47, "KDSKBENT", given("argp", 4)),
    command_row(0x4B48, "KDGKBSENT", out("argp", 513)),
    command_row(0x4B49, "KDSKBSENT", given("argp", 513)),
    command_row(0x4B4A, "KDGKBDIACR", out("argp", 772)),
    command_row(0x4B4B, "KDSKBDIACR", given("argp", 772)),
    command_row(0x4B4C, "KDGETKEYCODE", out("argp", 8)),
    command_row(0x4B4D, "KDSETKEYCODE", given("argp", 8)),
    command_row(0x4B4E, "KDSIGACCEPT", _number),
    command_row(0x4B52, "KDKBDREP", out("argp", 8)),
    command_row(0x4B60, "GIO_FONT", out("argp", 8192)),
    command_row(0x4B61, "PIO_FONT", given("argp", 64)),
    command_row(0x4B62, "KDGKBMETA", _number_out),
    command_row(0x4B63, "KDSKBMETA", _number),
    command_row(0x4B64, "KDGKBLED", out("argp", 1)),
    command_row(0x4B65, "KDSKBLED", _number),
    structured("GIO_UNIMAP", 0x4B66, with_buffers(16, (8, 0, 2, 4))),
    command_row(0x4B67, "PIO_UNIMAP", given("argp", 16)),
    command_row(0x4B68, "PIO_UNIMAPCLR", given("argp", 6)),
    command_row(0x4B69, "GIO_UNISCRNMAP", out("argp", 512)),
    command_row(0x4B6A, "PIO_UNISCRNMAP", given("argp", 64)),
    structured("GIO_FONTX", 0x4B6B, with_buffers(16, (8, 0, 2, 32))),
    command_row(0x4B6C, "PIO_FONTX", given("argp", 16)),
    command_row(0x4B6D, "PIO_FONTRESET", _ignored),
    command_row(0x4B70, "GIO_CMAP", out("argp", 48)),
    command_row(0x4B71, "PIO_CMAP", given("argp", 48)),
    structured("KDFONTOP", 0x4B72, with_buffers(32, (24, 16, 4, 1024))),
    command_row(0x4BFA, "KDGKBDIACRUC", out("argp", 3076)),
    command_row(0x4BFB, "KDSKBDIACRUC", given("argp", 64)),
)

CONSOLES = (
    command_row(0x5600, "VT_OPENQRY", _number_out),
    command_row(0x5601, "VT_GETMODE", out("argp", 8)),
    command_row(0x5602, "VT_SETMODE", given("argp", 8)),
    command_row(0x5603, "VT_GETSTATE", out("argp", 6)),
    command_row(0x5604, "VT_SENDSIG", _number),
    command_row(0x5605, "VT_RELDISP", _number),
    command_row(0x5606, "VT_ACTIVATE", _number),
    command_row(0x5607, "VT_WAITACTIVE", _number, blocks=True),
    command_row(0x5608, "VT_DISALLOCATE", _number),
    command_row(0x5609, "VT_RESIZE", given("argp", 6)),
    command_row(0x560A, "VT_RESIZEX", given("argp", 12)),
    command_row(0x560B, "VT_LOCKSWITCH", _ignored),
    command_row(0x560C, "VT_UNLOCKSWITCH", _ignored),
    command_row(0x560D, "VT_GETHIFONTMASK", out("argp", 2)),
    command_row(0x560E, "VT_WAITEVENT", out("argp", 28), blocks=True),
    command_row(0x560F, "VT_SETACTIVATE", given("argp", 12)),
)

REQUESTS = TERMINALS + KEYBOARDS + CONSOLES
