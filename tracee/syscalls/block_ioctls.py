"""Requests of block devices.

Sources: include/uapi/linux/{fs,loop,hdreg,cdrom,blkpg,blkzoned,nvme_ioctl,dm-ioctl}.h, include/scsi/sg.h.
"""

from __future__ import annotations

from collections.abc import Iterator

from redrive.tracee.syscalls.argument import descriptor, given, out, pointer, size
from redrive.tracee.syscalls.extents import Extent
from redrive.tracee.syscalls.ioctl_request import both_ways, reading, structured, with_buffers, writing
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import command_row

_number_out = out("argp", 4)
_number_in = given("argp", 4)
_long_out = out("argp", 8)
_ignored = pointer("arg")
_value = size("arg")


def _mapper_block(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct dm_ioctl: data_size at 12 counts header and payload."""
    yield address, max(312, int.from_bytes(memory.read(address + 12, 4), "little"))


def _packet(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct sg_io_hdr: 88 bytes; dxferp and iovec_count, or an iovec array; the sense buffer."""
    yield address, 88
    data = memory.read(address, 88)
    vectors = int.from_bytes(data[10:12], "little")
    length, buffer = int.from_bytes(data[12:16], "little"), int.from_bytes(data[16:24], "little")
    if vectors:
        entries = memory.read(buffer, min(vectors, 1024) * 16)
        for at in range(0, len(entries), 16):
            yield int.from_bytes(entries[at : at + 8], "little"), int.from_bytes(entries[at + 8 : at + 16], "little")
    else:
        yield buffer, length
    yield int.from_bytes(data[32:40], "little"), data[9]


_DEVICES = (
    command_row(0x125D, "BLKROSET", _number_in),
    command_row(0x125E, "BLKROGET", _number_out),
    command_row(0x125F, "BLKRRPART", _ignored),
    command_row(0x1260, "BLKGETSIZE", _long_out),
    command_row(0x1261, "BLKFLSBUF", _ignored),
    command_row(0x1262, "BLKRASET", _value),
    command_row(0x1263, "BLKRAGET", _long_out),
    command_row(0x1264, "BLKFRASET", _value),
    command_row(0x1265, "BLKFRAGET", _long_out),
    command_row(0x1266, "BLKSECTSET", _value),
    command_row(0x1267, "BLKSECTGET", out("argp", 2)),
    command_row(0x1268, "BLKSSZGET", _number_out),
    command_row(0x1269, "BLKPG", given("argp", 16)),
    reading("BLKBSZGET", 0x12, 112, 8),
    writing("BLKBSZSET", 0x12, 113, 8),
    reading("BLKGETSIZE64", 0x12, 114, 8),
    both_ways("BLKTRACESETUP", 0x12, 115, 72),
    command_row(0x1274, "BLKTRACESTART", _ignored),
    command_row(0x1275, "BLKTRACESTOP", _ignored),
    command_row(0x1276, "BLKTRACETEARDOWN", _ignored),
    command_row(0x1277, "BLKDISCARD", given("argp", 16)),
    command_row(0x1278, "BLKIOMIN", _number_out),
    command_row(0x1279, "BLKIOOPT", _number_out),
    command_row(0x127A, "BLKALIGNOFF", _number_out),
    command_row(0x127B, "BLKPBSZGET", _number_out),
    command_row(0x127C, "BLKDISCARDZEROES", _number_out),
    command_row(0x127D, "BLKSECDISCARD", given("argp", 16)),
    command_row(0x127E, "BLKROTATIONAL", out("argp", 2)),
    command_row(0x127F, "BLKZEROOUT", given("argp", 16)),
    reading("BLKGETDISKSEQ", 0x12, 128, 8),
    structured("BLKREPORTZONE", 0xC0101282, with_buffers(16, (-1, 8, 4, 64))),
    writing("BLKRESETZONE", 0x12, 131, 16),
    reading("BLKGETZONESZ", 0x12, 132, 4),
    reading("BLKGETNRZONES", 0x12, 133, 4),
    writing("BLKOPENZONE", 0x12, 134, 16),
    writing("BLKCLOSEZONE", 0x12, 135, 16),
    writing("BLKFINISHZONE", 0x12, 136, 16),
)

_LOOPS = (
    command_row(0x4C00, "LOOP_SET_FD", descriptor("arg")),
    command_row(0x4C01, "LOOP_CLR_FD", _ignored, blocks=True),
    command_row(0x4C02, "LOOP_SET_STATUS", given("argp", 168)),
    command_row(0x4C03, "LOOP_GET_STATUS", out("argp", 168)),
    command_row(0x4C04, "LOOP_SET_STATUS64", given("argp", 232)),
    command_row(0x4C05, "LOOP_GET_STATUS64", out("argp", 232)),
    command_row(0x4C06, "LOOP_CHANGE_FD", descriptor("arg")),
    command_row(0x4C07, "LOOP_SET_CAPACITY", _ignored),
    command_row(0x4C08, "LOOP_SET_DIRECT_IO", _value),
    command_row(0x4C09, "LOOP_SET_BLOCK_SIZE", _value),
    command_row(0x4C0A, "LOOP_CONFIGURE", given("argp", 304)),
    command_row(0x4C80, "LOOP_CTL_ADD", _value),
    command_row(0x4C81, "LOOP_CTL_REMOVE", _value),
    command_row(0x4C82, "LOOP_CTL_GET_FREE", _ignored),
)

_DISKS = (
    command_row(0x0301, "HDIO_GETGEO", out("argp", 16)),
    command_row(0x0302, "HDIO_GET_UNMASKINTR", _long_out),
    command_row(0x0304, "HDIO_GET_MULTCOUNT", _long_out),
    command_row(0x0305, "HDIO_GET_QDMA", _long_out),
    command_row(0x0307, "HDIO_OBSOLETE_IDENTITY", out("argp", 142)),
    command_row(0x0308, "HDIO_GET_KEEPSETTINGS", _long_out),
    command_row(0x0309, "HDIO_GET_32BIT", _long_out),
    command_row(0x030A, "HDIO_GET_NOWERR", _long_out),
    command_row(0x030B, "HDIO_GET_DMA", _long_out),
    command_row(0x030C, "HDIO_GET_NICE", _long_out),
    command_row(0x030D, "HDIO_GET_IDENTITY", out("argp", 512)),
    command_row(0x030E, "HDIO_GET_WCACHE", _long_out),
    command_row(0x030F, "HDIO_GET_ACOUSTIC", _long_out),
    # Up to 255 sectors of answer follow four bytes.
    command_row(0x031F, "HDIO_DRIVE_CMD", out("argp", 4 + 255 * 512, on_error=True)),
    command_row(0x031E, "HDIO_DRIVE_TASK", out("argp", 7, on_error=True)),
    structured("SG_IO", 0x2285, _packet, blocks=True),
    command_row(0x2201, "SG_SET_TIMEOUT", _number_in),
    command_row(0x2202, "SG_GET_TIMEOUT"),
    command_row(0x2203, "SG_EMULATED_HOST", _number_out),
    command_row(0x2272, "SG_GET_RESERVED_SIZE", _number_out),
    command_row(0x2275, "SG_SET_RESERVED_SIZE", _number_in),
    command_row(0x2276, "SG_GET_SCSI_ID", out("argp", 32)),
    command_row(0x2282, "SG_GET_VERSION_NUM", _number_out),
    command_row(0x5382, "SCSI_IOCTL_GET_IDLUN", out("argp", 8)),
    command_row(0x5386, "SCSI_IOCTL_GET_BUS_NUMBER", _number_out),
    # The kernel writes the name over the length it is given; 255 is what fits a byte of it.
    command_row(0x5385, "SCSI_IOCTL_PROBE_HOST", out("argp", 256)),
    command_row(0x4E40, "NVME_IOCTL_ID", _ignored),
    structured("NVME_IOCTL_ADMIN_CMD", 0xC0484E41, with_buffers(72, (24, 36, 4, 1), (16, 32, 4, 1)), blocks=True),
    structured("NVME_IOCTL_IO_CMD", 0xC0484E43, with_buffers(72, (24, 36, 4, 1), (16, 32, 4, 1)), blocks=True),
    structured("NVME_IOCTL_ADMIN64_CMD", 0xC0504E47, with_buffers(80, (24, 36, 4, 1), (16, 32, 4, 1)), blocks=True),
    structured("NVME_IOCTL_IO64_CMD", 0xC0504E48, with_buffers(80, (24, 36, 4, 1), (16, 32, 4, 1)), blocks=True),
)

_DISCS = (
    command_row(0x5309, "CDROMEJECT", _ignored),
    command_row(0x5305, "CDROMREADTOCHDR", out("argp", 2)),
    command_row(0x5306, "CDROMREADTOCENTRY", out("argp", 12)),
    command_row(0x530B, "CDROMSUBCHNL", out("argp", 16)),
    command_row(0x5310, "CDROMMULTISESSION", out("argp", 8)),
    command_row(0x5311, "CDROM_GET_MCN", out("argp", 14)),
    command_row(0x5319, "CDROMCLOSETRAY", _ignored),
    command_row(0x5320, "CDROM_SET_OPTIONS", _value),
    command_row(0x5321, "CDROM_CLEAR_OPTIONS", _value),
    command_row(0x5325, "CDROM_MEDIA_CHANGED", _value),
    command_row(0x5326, "CDROM_DRIVE_STATUS", _value),
    command_row(0x5327, "CDROM_DISC_STATUS", _ignored),
    command_row(0x5329, "CDROM_LOCKDOOR", _value),
    command_row(0x5331, "CDROM_GET_CAPABILITY", _ignored),
    command_row(0x5395, "CDROM_LAST_WRITTEN", _long_out),
)

_MAPPER_NAMES = (
    "DM_VERSION",
    "DM_REMOVE_ALL",
    "DM_LIST_DEVICES",
    "DM_DEV_CREATE",
    "DM_DEV_REMOVE",
    "DM_DEV_RENAME",
    "DM_DEV_SUSPEND",
    "DM_DEV_STATUS",
    "DM_DEV_WAIT",
    "DM_TABLE_LOAD",
    "DM_TABLE_CLEAR",
    "DM_TABLE_DEPS",
    "DM_TABLE_STATUS",
    "DM_LIST_VERSIONS",
    "DM_TARGET_MSG",
    "DM_DEV_SET_GEOMETRY",
    "DM_DEV_ARM_POLL",
    "DM_GET_TARGET_VERSION",
)
_MAPPER = tuple(
    structured(name, 0xC138FD00 | number, _mapper_block, blocks=True) for number, name in enumerate(_MAPPER_NAMES)
)

REQUESTS = _DEVICES + _LOOPS + _DISKS + _DISCS + _MAPPER
