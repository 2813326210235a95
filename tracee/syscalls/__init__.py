"""The table of syscalls: what each x86-64 syscall takes, what the kernel writes for it, and how it is treated."""

from redrive.tracee.syscalls.argument import Argument
from redrive.tracee.syscalls.memory_protocol import Memory, MemoryFault
from redrive.tracee.syscalls.multiplexer import Choice
from redrive.tracee.syscalls.render import error_text, render, unknown_render
from redrive.tracee.syscalls.syscall import Syscall, Treatment
from redrive.tracee.syscalls.table import MULTIPLEXED, SINGLE, find, name_of

__all__ = [
    "MULTIPLEXED",
    "SINGLE",
    "Argument",
    "Choice",
    "Memory",
    "MemoryFault",
    "Syscall",
    "Treatment",
    "error_text",
    "find",
    "name_of",
    "render",
    "unknown_render",
]
