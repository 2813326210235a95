"""Requests of files and filesystems: include/uapi/linux/{fs,fiemap,fscrypt,fsverity,btrfs,fsmap,falloc}.h."""

from __future__ import annotations

from collections.abc import Iterator

from redrive.tracee.syscalls.argument import descriptor, given, out, pointer
from redrive.tracee.syscalls.extents import Extent
from redrive.tracee.syscalls.ioctl_request import both_ways, reading, structured, with_buffers, writing
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import command_row


def _page_ranges(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct pm_scan_arg: the result counts the 24-byte ranges at ``vec``."""
    data = memory.read(address, 96)
    yield address, 96
    vector, room = int.from_bytes(data[40:48], "little"), int.from_bytes(data[48:56], "little")
    yield vector, (min(result, room) if result >= 0 else room) * 24


_FLAGS = (
    reading("FS_IOC_GETFLAGS", "f", 1, 8),
    writing("FS_IOC_SETFLAGS", "f", 2, 8),
    reading("FS_IOC_GETVERSION", "v", 1, 8),
    writing("FS_IOC_SETVERSION", "v", 2, 8),
    reading("FS_IOC_FSGETXATTR", "X", 31, 28),
    writing("FS_IOC_FSSETXATTR", "X", 32, 28),
    reading("FS_IOC_GETFSLABEL", 0x94, 49, 256),
    writing("FS_IOC_SETFSLABEL", 0x94, 50, 256),
    reading("FS_IOC_GETFSUUID", 0x15, 0, 17),
    reading("FS_IOC_GETFSSYSFSPATH", 0x15, 1, 129),
    writing("FS_IOC_RESVSP", "X", 40, 48),
    writing("FS_IOC_UNRESVSP", "X", 41, 48),
    writing("FS_IOC_RESVSP64", "X", 42, 48),
    writing("FS_IOC_UNRESVSP64", "X", 43, 48),
    writing("FS_IOC_ZERO_RANGE", "X", 57, 48),
    command_row(0x00000001, "FIBMAP", out("argp", 4, on_error=True)),
    command_row(0x00000002, "FIGETBSZ", out("argp", 4)),
    both_ways("FIFREEZE", "X", 119, 4),
    both_ways("FITHAW", "X", 120, 4),
    both_ways("FITRIM", "X", 121, 24),
)

_EXTENTS = (
    # fm_mapped_extents of struct fiemap are filled in; there is room for fm_extent_count.
    structured("FS_IOC_FIEMAP", 0xC020660B, with_buffers(32, (-1, 24, 4, 56))),
    structured("FS_IOC_GETFSMAP", 0xC0C0583B, with_buffers(192, (-1, 8, 4, 64))),
    command_row(0x40049409, "FICLONE", descriptor("src_fd"), blocks=True),
    command_row(0x4020940D, "FICLONERANGE", given("argp", 32), blocks=True),
    structured("FIDEDUPERANGE", 0xC0189436, with_buffers(24, (-1, 16, 2, 32)), blocks=True),
    structured("XFS_IOC_GETBMAP", 0xC0205826, with_buffers(32, (-1, 24, 4, 32))),
    structured("XFS_IOC_GETBMAPX", 0xC0305838, with_buffers(48, (-1, 24, 4, 48))),
    structured("PAGEMAP_SCAN", 0xC0606610, _page_ranges),
    structured("PROCMAP_QUERY", 0xC0686611, with_buffers(104, (88, 80, 4, 1), (96, 84, 4, 1))),
)

# Three of these are declared _IOR and _IOW the wrong way round.
_ENCRYPTION = (
    command_row(0x800C6613, "FS_IOC_SET_ENCRYPTION_POLICY", given("argp", 12)),
    command_row(0x40106614, "FS_IOC_GET_ENCRYPTION_PWSALT", out("argp", 16)),
    command_row(0x400C6615, "FS_IOC_GET_ENCRYPTION_POLICY", out("argp", 12)),
    structured("FS_IOC_GET_ENCRYPTION_POLICY_EX", 0xC0096616, with_buffers(8, (-1, 0, 8, 1))),
    both_ways("FS_IOC_ADD_ENCRYPTION_KEY", "f", 23, 80),
    both_ways("FS_IOC_REMOVE_ENCRYPTION_KEY", "f", 24, 64),
    both_ways("FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS", "f", 25, 64),
    both_ways("FS_IOC_GET_ENCRYPTION_KEY_STATUS", "f", 26, 128),
    reading("FS_IOC_GET_ENCRYPTION_NONCE", "f", 27, 16),
    writing("FS_IOC_ENABLE_VERITY", "f", 133, 128),
    structured("FS_IOC_MEASURE_VERITY", 0xC0046686, with_buffers(4, (-1, 2, 2, 1))),
    structured("FS_IOC_READ_VERITY_METADATA", 0xC0286687, with_buffers(40, (24, 16, 8, 1))),
)

_BTRFS = (
    writing("BTRFS_IOC_SNAP_CREATE", 0x94, 1, 4096),
    writing("BTRFS_IOC_SUBVOL_CREATE", 0x94, 14, 4096),
    writing("BTRFS_IOC_SNAP_DESTROY", 0x94, 15, 4096),
    both_ways("BTRFS_IOC_TREE_SEARCH", 0x94, 17, 4096),
    structured("BTRFS_IOC_TREE_SEARCH_V2", 0xC0709411, with_buffers(112, (-1, 104, 8, 1))),
    both_ways("BTRFS_IOC_INO_LOOKUP", 0x94, 18, 4096),
    structured("BTRFS_IOC_SPACE_INFO", 0xC0109414, with_buffers(16, (-1, 0, 8, 24))),
    command_row(0x9408, "BTRFS_IOC_SYNC", pointer("arg"), blocks=True),
    both_ways("BTRFS_IOC_DEV_INFO", 0x94, 30, 4096),
    reading("BTRFS_IOC_FS_INFO", 0x94, 31, 1024),
    structured("BTRFS_IOC_INO_PATHS", 0xC0389423, with_buffers(56, (48, 8, 8, 1))),
    structured("BTRFS_IOC_LOGICAL_INO", 0xC0389424, with_buffers(56, (48, 8, 8, 1))),
    structured("BTRFS_IOC_LOGICAL_INO_V2", 0xC038943B, with_buffers(56, (48, 8, 8, 1))),
    reading("BTRFS_IOC_GET_SUBVOL_INFO", 0x94, 60, 504),
)

# fs/ext4/ext4.h; the first is declared _IOW, and the UUID is not counted in the second's number.
_EXT4 = (
    command_row(0x40046629, "EXT4_IOC_GETSTATE", out("argp", 4)),
    structured("EXT4_IOC_GETFSUUID", 0x8008662C, with_buffers(8, (-1, 0, 4, 1))),
    structured("EXT4_IOC_GET_ES_CACHE", 0xC020662A, with_buffers(32, (-1, 24, 4, 56))),
)

REQUESTS = _FLAGS + _EXTENTS + _ENCRYPTION + _EXT4 + _BTRFS
