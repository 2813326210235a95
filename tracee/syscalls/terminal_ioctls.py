"""Requests of terminals, pseudo-terminals and virtual consoles: include/uapi/asm-generic/ioctls.h, linux/{tty,vt,kd}.h.

Sizes are those of x86-64: struct termios is 36 bytes, termios2 44, termio 18, winsize 8, serial_struct 72.
"""

from __future__ import annotations

from redrive.tracee.syscalls.argument import given, integer, out, pointer
from redrive.tracee.syscalls.multiplexer import command_row

_number_out = out("argp", 4)
_number_in = given("argp", 4)
_ignored = pointer("arg")
_termios = given("argp", 36)
_termio = given("argp", 18)
_termios2 = given("argp", 44)

REQUESTS = (
    command_row(0x5401, "TCGETS", out("argp", 36)),
    command_row(0x5402, "TCSETS", _termios, blocks=True),
    command_row(0x5403, "TCSETSW", _termios, blocks=True),
    command_row(0x5404, "TCSETSF", _termios, blocks=True),
    command_row(0x5405, "TCGETA", out("argp", 18)),
    command_row(0x5406, "TCSETA", _termio, blocks=True),
    command_row(0x5407, "TCSETAW", _termio, blocks=True),
    command_row(0x5408, "TCSETAF", _termio, blocks=True),
    command_row(0x5409, "TCSBRK", integer("arg"), blocks=True),
    command_row(0x540A, "TCXONC", integer("arg"), blocks=True),
    command_row(0x540B, "TCFLSH", integer("arg")),
    command_row(0x540C, "TIOCEXCL", _ignored),
    command_row(0x540D, "TIOCNXCL", _ignored),
    command_row(0x540E, "TIOCSCTTY", integer("arg")),
    command_row(0x540F, "TIOCGPGRP", _number_out),
    command_row(0x5410, "TIOCSPGRP", _number_in),
    command_row(0x5411, "TIOCOUTQ", _number_out),
    command_row(0x5412, "TIOCSTI", given("argp", 1)),
    command_row(0x5413, "TIOCGWINSZ", out("argp", 8)),
    command_row(0x5414, "TIOCSWINSZ", given("argp", 8)),
    command_row(0x5415, "TIOCMGET", _number_out),
    command_row(0x5416, "TIOCMBIS", _number_in),
    command_row(0x5417, "TIOCMBIC", _number_in),
    command_row(0x5418, "TIOCMSET", _number_in),
    command_row(0x5419, "TIOCGSOFTCAR", _number_out),
    command_row(0x541A, "TIOCSSOFTCAR", _number_in),
    command_row(0x541B, "FIONREAD", _number_out),
    command_row(0x5421, "FIONBIO", _number_in),
    command_row(0x5422, "TIOCNOTTY", _ignored),
    command_row(0x5423, "TIOCSETD", _number_in, blocks=True),
    command_row(0x5424, "TIOCGETD", _number_out),
    command_row(0x5425, "TCSBRKP", integer("arg"), blocks=True),
    command_row(0x5429, "TIOCGSID", _number_out),
    command_row(0x5450, "FIONCLEX", _ignored),
    command_row(0x5451, "FIOCLEX", _ignored),
    command_row(0x5452, "FIOASYNC", _number_in),
    command_row(0x5460, "FIOQSIZE", out("argp", 8)),
)
