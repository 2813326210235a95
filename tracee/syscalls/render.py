"""A syscall as one line, as strace writes it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence

from redrive.tracee.syscalls.shown import hexadecimal, signed64
from redrive.tracee.syscalls.syscall import Syscall
from redrive.tracee.syscalls.table import name_of

_MOST_ERRNO = 4095

_RESTARTS = {
    512: "ERESTARTSYS (restarted unless a handler without SA_RESTART runs)",
    513: "ERESTARTNOINTR (restarted)",
    514: "ERESTARTNOHAND (restarted unless a handler runs)",
    516: "ERESTART_RESTARTBLOCK (continued by restart_syscall)",
}
"""include/linux/errno.h: results that a tracer sees and a program never does."""


def error_text(number: int) -> str:
    """An errno's name and meaning."""
    restart = _RESTARTS.get(number)
    if restart is not None:
        return restart
    name = errno.errorcode.get(number)
    return f"errno {number}" if name is None else f"{name} ({os.strerror(number)})"


def _result(text: str, result: int) -> str:
    if -_MOST_ERRNO <= result < 0:
        number = -result
        return f"? {error_text(number)}" if number in _RESTARTS else f"-1 {error_text(number)}"
    return text


def render(syscall: Syscall, arguments: Sequence[int], result: int | None, inputs: Iterable[tuple[int, bytes]]) -> str:
    """``openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3``; without ``= 3`` when ``result`` is None.

    ``inputs`` are those of Syscall.inputs().
    """
    pointed = dict(inputs)
    texts = []
    for index, argument in enumerate(syscall.arguments):
        if argument.is_command:
            modifiers = argument.shown(arguments[index])
            texts.append(f"{syscall.command}|{modifiers}" if modifiers else syscall.command)
        elif index in pointed and argument.given is not None:
            texts.append(argument.given.shown(pointed[index]))
        else:
            texts.append(argument.shown(arguments[index]))
    call = f"{syscall.name}({', '.join(texts)})"
    if result is None:
        return call
    return f"{call} = {_result(syscall.shown_result(result), result)}"


def unknown_render(number: int, arguments: Sequence[int], result: int | None) -> str:
    """As render, for a syscall or a command that the table does not know: all six registers."""
    call = f"{name_of(number)}({', '.join(hexadecimal(value) for value in arguments)})"
    return call if result is None else f"{call} = {_result(signed64(result), result)}"
