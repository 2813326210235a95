"""Requests of character devices, and those of devices that write memory behind a mapping or after the call returned.

The latter are refused.  Sources: include/uapi/linux/{random,input,uinput,rtc,watchdog,usbdevice_fs,i2c-dev,kvm}.h,
include/uapi/linux/videodev2.h, include/uapi/sound/asound.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from errno import EINVAL, ENOTTY, EPERM

from redrive.tracee.syscalls.argument import given, integer, out, pointer
from redrive.tracee.syscalls.extents import Extent
from redrive.tracee.syscalls.ioctl_request import bare, both_ways, reading, structured, with_buffers, writing
from redrive.tracee.syscalls.memory_protocol import Memory
from redrive.tracee.syscalls.multiplexer import command_row

_number_out = out("argp", 4)
_number_in = given("argp", 4)
_value = integer("arg")

_MOST_OF_A_FRAME = 512
"""64 channels of 8 bytes: the kernel alone knows the stream's format."""


def _transfers(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct i2c_rdwr_ioctl_data: messages of (u16 address, u16 flags, u16 length, pointer at 8)."""
    messages = int.from_bytes(memory.read(address, 8), "little")
    count = min(int.from_bytes(memory.read(address + 8, 4), "little"), 42)
    for number in range(count):
        one = memory.read(messages + 16 * number, 16)
        yield int.from_bytes(one[8:16], "little"), int.from_bytes(one[4:6], "little")


def _bus_data(address: int, result: int, memory: Memory) -> Iterator[Extent]:
    """struct i2c_smbus_ioctl_data: the block at 8 is at most 34 bytes."""
    yield int.from_bytes(memory.read(address + 8, 8), "little"), 34


_RANDOM = (
    reading("RNDGETENTCNT", "R", 0, 4),
    writing("RNDADDTOENTCNT", "R", 1, 4),
    structured("RNDGETPOOL", 0x80085202, with_buffers(8, (-1, 4, 4, 4))),
    writing("RNDADDENTROPY", "R", 3, 8),
    bare("RNDZAPENTCNT", "R", 4),
    bare("RNDCLEARPOOL", "R", 6),
    bare("RNDRESEEDCRNG", "R", 7),
)

_INPUT = (
    reading("EVIOCGVERSION", "E", 1, 4),
    reading("EVIOCGID", "E", 2, 8),
    reading("EVIOCGREP", "E", 3, 8),
    writing("EVIOCSREP", "E", 3, 8),
    reading("EVIOCGKEYCODE", "E", 4, 8),
    writing("EVIOCSKEYCODE", "E", 4, 8),
    reading("EVIOCGKEYCODE_V2", "E", 4, 40),
    writing("EVIOCSKEYCODE_V2", "E", 4, 40),
    # The effect's number comes back in the structure.
    command_row(0x40304580, "EVIOCSFF", out("argp", 48)),
    command_row(0x40044581, "EVIOCRMFF", _value),
    reading("EVIOCGEFFECTS", "E", 0x84, 4),
    command_row(0x40044590, "EVIOCGRAB", _value),
    command_row(0x40044591, "EVIOCREVOKE", _value),
    structured("EVIOCGMASK", 0x80104592, with_buffers(16, (8, 4, 4, 1))),
    writing("EVIOCSMASK", "E", 0x93, 16),
    writing("EVIOCSCLOCKID", "E", 0xA0, 4),
    bare("UI_DEV_CREATE", "U", 1),
    bare("UI_DEV_DESTROY", "U", 2),
    writing("UI_DEV_SETUP", "U", 3, 92),
    writing("UI_ABS_SETUP", "U", 4, 28),
    *(
        command_row(0x40045564 + number, f"UI_SET_{what}BIT", _value)
        for number, what in enumerate(["EV", "KEY", "REL", "ABS", "MSC", "LED", "SND", "FF"])
    ),
    command_row(0x4004556D, "UI_SET_SWBIT", _value),
    command_row(0x4004556E, "UI_SET_PROPBIT", _value),
    both_ways("UI_BEGIN_FF_UPLOAD", "U", 200, 104),
    both_ways("UI_BEGIN_FF_ERASE", "U", 202, 12),
    reading("UI_GET_VERSION", "U", 45, 4),
)

_CLOCKS = (
    bare("RTC_AIE_ON", "p", 1),
    bare("RTC_AIE_OFF", "p", 2),
    bare("RTC_UIE_ON", "p", 3),
    bare("RTC_UIE_OFF", "p", 4),
    bare("RTC_PIE_ON", "p", 5),
    bare("RTC_PIE_OFF", "p", 6),
    reading("RTC_ALM_READ", "p", 8, 36),
    writing("RTC_ALM_SET", "p", 7, 36),
    reading("RTC_RD_TIME", "p", 9, 36),
    writing("RTC_SET_TIME", "p", 10, 36),
    reading("RTC_IRQP_READ", "p", 11, 8),
    command_row(0x4008700C, "RTC_IRQP_SET", _value),
    reading("RTC_WKALM_RD", "p", 16, 40),
    writing("RTC_WKALM_SET", "p", 15, 40),
    reading("WDIOC_GETSUPPORT", "W", 0, 40),
    reading("WDIOC_GETSTATUS", "W", 1, 4),
    reading("WDIOC_GETBOOTSTATUS", "W", 2, 4),
    reading("WDIOC_KEEPALIVE", "W", 5, 4),
    both_ways("WDIOC_SETTIMEOUT", "W", 6, 4),
    reading("WDIOC_GETTIMEOUT", "W", 7, 4),
)

_SOUND = (
    reading("SNDRV_PCM_IOCTL_PVERSION", "A", 0x00, 4),
    reading("SNDRV_PCM_IOCTL_INFO", "A", 0x01, 288),
    both_ways("SNDRV_PCM_IOCTL_HW_REFINE", "A", 0x10, 608),
    both_ways("SNDRV_PCM_IOCTL_HW_PARAMS", "A", 0x11, 608),
    bare("SNDRV_PCM_IOCTL_HW_FREE", "A", 0x12),
    both_ways("SNDRV_PCM_IOCTL_SW_PARAMS", "A", 0x13, 136),
    reading("SNDRV_PCM_IOCTL_STATUS", "A", 0x20, 152),
    reading("SNDRV_PCM_IOCTL_DELAY", "A", 0x21, 8),
    both_ways("SNDRV_PCM_IOCTL_SYNC_PTR", "A", 0x23, 136),
    bare("SNDRV_PCM_IOCTL_HWSYNC", "A", 0x22),
    bare("SNDRV_PCM_IOCTL_PREPARE", "A", 0x40),
    bare("SNDRV_PCM_IOCTL_RESET", "A", 0x41),
    bare("SNDRV_PCM_IOCTL_START", "A", 0x42),
    bare("SNDRV_PCM_IOCTL_DROP", "A", 0x43),
    bare("SNDRV_PCM_IOCTL_DRAIN", "A", 0x44, blocks=True),
    command_row(0x40184150, "SNDRV_PCM_IOCTL_WRITEI_FRAMES", out("argp", 24), blocks=True),
    structured("SNDRV_PCM_IOCTL_READI_FRAMES", 0x80184151, with_buffers(24, (8, 16, 8, _MOST_OF_A_FRAME)), blocks=True),
    reading("SNDRV_CTL_IOCTL_PVERSION", "U", 0x00, 4),
    reading("SNDRV_CTL_IOCTL_CARD_INFO", "U", 0x01, 376),
    structured("SNDRV_CTL_IOCTL_ELEM_LIST", 0xC0505510, with_buffers(80, (16, 4, 4, 64))),
    both_ways("SNDRV_CTL_IOCTL_ELEM_INFO", "U", 0x11, 272),
    both_ways("SNDRV_CTL_IOCTL_ELEM_READ", "U", 0x12, 1224),
    both_ways("SNDRV_CTL_IOCTL_ELEM_WRITE", "U", 0x13, 1224),
    both_ways("SNDRV_CTL_IOCTL_SUBSCRIBE_EVENTS", "U", 0x16, 4),
    structured("SNDRV_CTL_IOCTL_TLV_READ", 0xC008551A, with_buffers(8, (-1, 4, 4, 1))),
)

_FRAMEBUFFERS = (
    command_row(0x4600, "FBIOGET_VSCREENINFO", out("argp", 160)),
    command_row(0x4601, "FBIOPUT_VSCREENINFO", out("argp", 160)),
    command_row(0x4602, "FBIOGET_FSCREENINFO", out("argp", 80)),
    structured("FBIOGETCMAP", 0x4604, with_buffers(40, (8, 4, 4, 2), (16, 4, 4, 2), (24, 4, 4, 2), (32, 4, 4, 2))),
    command_row(0x4605, "FBIOPUTCMAP", given("argp", 40)),
    command_row(0x4606, "FBIOPAN_DISPLAY", out("argp", 160), blocks=True),
    command_row(0x4611, "FBIOBLANK", _value),
)

_BUSES = (
    structured("USBDEVFS_CONTROL", 0xC0185500, with_buffers(24, (16, 6, 2, 1)), blocks=True),
    structured("USBDEVFS_BULK", 0xC0185502, with_buffers(24, (16, 4, 4, 1)), blocks=True),
    # Declared _IOW, these two are filled in by the kernel.
    command_row(0x41045508, "USBDEVFS_GETDRIVER", out("argp", 260)),
    command_row(0x40085511, "USBDEVFS_CONNECTINFO", out("argp", 8)),
    command_row(0x8038550A, "USBDEVFS_SUBMITURB", pointer("urb"), refusal=ENOTTY),
    command_row(0x4008550C, "USBDEVFS_REAPURB", pointer("urb"), refusal=ENOTTY),
    command_row(0x4008550D, "USBDEVFS_REAPURBNDELAY", pointer("urb"), refusal=ENOTTY),
    command_row(0x0703, "I2C_SLAVE", _value),
    command_row(0x0706, "I2C_SLAVE_FORCE", _value),
    command_row(0x0704, "I2C_TENBIT", _value),
    command_row(0x0705, "I2C_FUNCS", out("argp", 8)),
    command_row(0x0708, "I2C_PEC", _value),
    structured("I2C_RDWR", 0x0707, _transfers, blocks=True),
    structured("I2C_SMBUS", 0x0720, _bus_data, blocks=True),
)

_REFUSED = (
    # A virtual machine's memory and its run page are written while it runs.
    command_row(0xAE01, "KVM_CREATE_VM", integer("type"), refusal=EPERM),
    # Cameras then offer read(2) instead of buffers that hardware fills.
    command_row(0xC0145608, "VIDIOC_REQBUFS", pointer("argp"), refusal=EINVAL),
    command_row(0xC100565C, "VIDIOC_CREATE_BUFS", pointer("argp"), refusal=EINVAL),
    command_row(0xC0306201, "BINDER_WRITE_READ", pointer("argp"), refusal=ENOTTY),
)

REQUESTS = (*_RANDOM, *_INPUT, *_CLOCKS, *_SOUND, *_FRAMEBUFFERS, *_BUSES, *_REFUSED)
