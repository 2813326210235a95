"""What a trace may ask for: a trace is untrusted input, and what it says is checked before anything is done by it."""

from __future__ import annotations

from redrive.replayer.errors import UntrustworthyTrace
from redrive.tracee.agent_pages import AGENT_ADDRESS, AGENT_LENGTH
from redrive.tracee.mappings import PAGE, USER_END, page_ceiling

IMAGE_SIZE = 1 << 46
"""Files may be sparse, so this is about what ftruncate takes, not about room."""
AGENT_END = AGENT_ADDRESS + AGENT_LENGTH
LARGEST_TRANSFER = 0x7FFF_F000
PROTECTIONS = 1 | 2 | 4
MAPPING_FLAGS = 0x01 | 0x02 | 0x20 | 0x100 | 0x4000 | 0x20000
"""MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_NORESERVE, MAP_STACK."""


def check_pages(address: int, length: int) -> int:
    """The length in whole pages of a range of mappings.  Raises UntrustworthyTrace where none may be."""
    whole = page_ceiling(length)
    if address % PAGE or not 0 < whole <= USER_END or address + whole > USER_END:
        raise UntrustworthyTrace(f"the trace has a mapping at {address:#x} of {length:#x} bytes, outside of user space")
    if address < AGENT_END and address + whole > AGENT_ADDRESS:
        raise UntrustworthyTrace(f"the trace has a mapping at {address:#x} where Redrive's own page is")
    return whole


def check_memory(address: int, length: int) -> None:
    """Raises UntrustworthyTrace for memory that a program cannot have."""
    if address + length > USER_END or (address < AGENT_END and address + length > AGENT_ADDRESS):
        raise UntrustworthyTrace(f"the trace uses {length} bytes at {address:#x}, where it has no memory")


def check_transfer(length: int) -> None:
    """Raises UntrustworthyTrace for more bytes than one syscall moves: MAX_RW_COUNT of linux/fs.h."""
    if length > LARGEST_TRANSFER:
        raise UntrustworthyTrace(f"the trace has a syscall that wrote {length} bytes")


def check_protection(protection: int) -> int:
    """The protection.  Raises UntrustworthyTrace for bits that mmap(2) does not have."""
    if protection & ~PROTECTIONS:
        raise UntrustworthyTrace(f"the trace has a mapping with the protection {protection:#x}")
    return protection


def check_mapping_flags(flags: int) -> int:
    """The flags.  Raises UntrustworthyTrace for flags a Map event does not have."""
    if flags & ~MAPPING_FLAGS or flags & 3 not in (1, 2):
        raise UntrustworthyTrace(f"the trace has a mapping with the flags {flags:#x}")
    return flags


def check_image_range(offset: int, length: int) -> None:
    """Raises UntrustworthyTrace for a range that no file has."""
    if offset + length > IMAGE_SIZE:
        raise UntrustworthyTrace(f"the trace has a file that reaches to byte {offset + length}")
