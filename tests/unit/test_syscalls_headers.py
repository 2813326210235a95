"""The numbers and layouts in the table, compared with the installed kernel headers by a small C program."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from redrive.tracee.syscalls import Syscall, constants, table
from redrive.tracee.syscalls.shown import Flags, Names

HEADERS = (
    "asm/ioctls.h asm/termbits.h asm/mman.h asm/prctl.h linux/types.h linux/fcntl.h linux/fs.h linux/fiemap.h "
    "linux/fsmap.h linux/fscrypt.h linux/fsverity.h linux/btrfs.h linux/loop.h linux/hdreg.h linux/cdrom.h "
    "linux/blkzoned.h linux/blktrace_api.h linux/nvme_ioctl.h linux/dm-ioctl.h linux/sockios.h linux/if_tun.h "
    "linux/ppp-ioctl.h linux/random.h linux/input.h linux/uinput.h linux/rtc.h linux/watchdog.h "
    "linux/usbdevice_fs.h linux/i2c.h linux/i2c-dev.h linux/fb.h linux/if_packet.h linux/if_xdp.h linux/kd.h "
    "linux/vt.h linux/nsfs.h linux/seccomp.h linux/fuse.h linux/kvm.h linux/prctl.h linux/futex.h linux/keyctl.h "
    "linux/quota.h linux/dqblk_xfs.h linux/shm.h linux/sem.h linux/msg.h linux/bpf.h linux/videodev2.h "
    "linux/eventpoll.h linux/tty.h linux/route.h linux/if_arp.h linux/wireless.h linux/serial.h linux/sysinfo.h "
    "linux/utsname.h linux/stat.h linux/capability.h linux/mqueue.h linux/timex.h linux/ethtool.h "
    "linux/netfilter_ipv4/ip_tables.h linux/mount.h linux/openat2.h linux/sched/types.h scsi/scsi_ioctl.h "
    "sound/asound.h linux/android/binder.h linux/sched.h linux/wait.h linux/memfd.h linux/falloc.h "
    "linux/personality.h linux/fadvise.h linux/xattr.h linux/signalfd.h linux/ptrace.h asm/poll.h signal.h "
    "sys/resource.h sys/socket.h"
)

# Facts about memory that numbers do not hold: (C expression, value in the table).
LAYOUTS = [
    ("sizeof(struct termios)", 36),
    ("sizeof(struct termios2)", 44),
    ("sizeof(struct serial_struct)", 72),
    ("sizeof(struct serial_icounter_struct)", 80),
    ("sizeof(struct serial_rs485)", 32),
    ("sizeof(struct console_font_op)", 32),
    ("offsetof(struct console_font_op, data)", 24),
    ("offsetof(struct console_font_op, charcount)", 16),
    ("sizeof(struct unimapdesc)", 16),
    ("offsetof(struct unimapdesc, entries)", 8),
    ("sizeof(struct unipair)", 4),
    ("sizeof(struct consolefontdesc)", 16),
    ("offsetof(struct consolefontdesc, chardata)", 8),
    ("sizeof(struct kbdiacrs)", 772),
    ("sizeof(struct kbdiacrsuc)", 3076),
    ("sizeof(struct kbsentry)", 513),
    ("sizeof(struct kbd_repeat)", 8),
    ("sizeof(struct vt_event)", 28),
    ("sizeof(struct vt_stat)", 6),
    ("sizeof(struct vt_mode)", 8),
    ("offsetof(struct fiemap, fm_extents)", 32),
    ("offsetof(struct fiemap, fm_extent_count)", 24),
    ("sizeof(struct fiemap_extent)", 56),
    ("sizeof(struct fsmap_head)", 192),
    ("offsetof(struct fsmap_head, fmh_count)", 8),
    ("sizeof(struct fsmap)", 64),
    ("offsetof(struct file_dedupe_range, dest_count)", 16),
    ("sizeof(struct file_dedupe_range_info)", 32),
    ("offsetof(struct fscrypt_get_policy_ex_arg, policy)", 8),
    ("offsetof(struct fsverity_digest, digest_size)", 2),
    ("offsetof(struct fsverity_read_metadata_arg, buf_ptr)", 24),
    ("offsetof(struct fsverity_read_metadata_arg, length)", 16),
    ("offsetof(struct btrfs_ioctl_search_args_v2, buf_size)", 104),
    ("offsetof(struct btrfs_ioctl_search_args_v2, buf)", 112),
    ("sizeof(struct btrfs_ioctl_space_info)", 24),
    ("offsetof(struct btrfs_ioctl_ino_path_args, fspath)", 48),
    ("offsetof(struct btrfs_ioctl_ino_path_args, size)", 8),
    ("offsetof(struct btrfs_ioctl_logical_ino_args, inodes)", 48),
    ("sizeof(struct loop_info)", 168),
    ("sizeof(struct loop_info64)", 232),
    ("sizeof(struct loop_config)", 304),
    ("sizeof(struct hd_geometry)", 16),
    ("sizeof(struct blk_zone_report)", 16),
    ("offsetof(struct blk_zone_report, nr_zones)", 8),
    ("sizeof(struct blk_zone)", 64),
    ("sizeof(struct blk_user_trace_setup)", 72),
    ("offsetof(struct nvme_passthru_cmd, addr)", 24),
    ("offsetof(struct nvme_passthru_cmd, data_len)", 36),
    ("offsetof(struct nvme_passthru_cmd, metadata)", 16),
    ("offsetof(struct nvme_passthru_cmd, metadata_len)", 32),
    ("sizeof(struct nvme_passthru_cmd64)", 80),
    ("sizeof(struct dm_ioctl)", 312),
    ("offsetof(struct dm_ioctl, data_size)", 12),
    ("sizeof(struct cdrom_tocentry)", 12),
    ("sizeof(struct cdrom_subchnl)", 16),
    ("sizeof(struct ifreq)", 40),
    ("offsetof(struct ifreq, ifr_data)", 16),
    ("sizeof(struct ifconf)", 16),
    ("offsetof(struct ifconf, ifc_buf)", 8),
    ("sizeof(struct arpreq)", 68),
    ("sizeof(struct rtentry)", 120),
    ("sizeof(struct iwreq)", 32),
    ("offsetof(struct iwreq, u.data.pointer)", 16),
    ("sizeof(struct fb_var_screeninfo)", 160),
    ("sizeof(struct fb_fix_screeninfo)", 80),
    ("sizeof(struct fb_cmap)", 40),
    ("offsetof(struct fb_cmap, red)", 8),
    ("offsetof(struct fb_cmap, len)", 4),
    ("sizeof(struct input_mask)", 16),
    ("offsetof(struct input_mask, codes_ptr)", 8),
    ("offsetof(struct input_mask, codes_size)", 4),
    ("offsetof(struct usbdevfs_ctrltransfer, data)", 16),
    ("offsetof(struct usbdevfs_ctrltransfer, wLength)", 6),
    ("offsetof(struct usbdevfs_bulktransfer, data)", 16),
    ("offsetof(struct usbdevfs_bulktransfer, len)", 4),
    ("sizeof(struct i2c_msg)", 16),
    ("offsetof(struct i2c_msg, buf)", 8),
    ("offsetof(struct i2c_msg, len)", 4),
    ("offsetof(struct i2c_smbus_ioctl_data, data)", 8),
    ("sizeof(union i2c_smbus_data)", 34),
    ("offsetof(struct snd_ctl_elem_list, pids)", 16),
    ("offsetof(struct snd_ctl_elem_list, space)", 4),
    ("sizeof(struct snd_ctl_elem_id)", 64),
    ("offsetof(struct snd_xferi, buf)", 8),
    ("offsetof(struct snd_xferi, frames)", 16),
    ("offsetof(struct snd_ctl_tlv, length)", 4),
    ("offsetof(struct ipt_replace, num_counters)", 84),
    ("offsetof(struct ipt_replace, counters)", 88),
    ("sizeof(struct xt_counters)", 16),
    ("sizeof(struct seccomp_notif_sizes)", 6),
    ("sizeof(struct seccomp_notif)", 80),
    ("sizeof(struct shmid64_ds)", 112),
    ("sizeof(struct shminfo64)", 72),
    ("sizeof(struct shm_info)", 48),
    ("sizeof(struct semid64_ds)", 104),
    ("sizeof(struct seminfo)", 40),
    ("sizeof(struct msqid64_ds)", 120),
    ("sizeof(struct msginfo)", 32),
    ("sizeof(struct mq_attr)", 64),
    ("sizeof(struct if_dqblk)", 72),
    ("sizeof(struct if_nextdqblk)", 72),
    ("sizeof(struct if_dqinfo)", 24),
    ("sizeof(struct fs_disk_quota)", 112),
    ("sizeof(struct fs_quota_stat)", 80),
    ("sizeof(struct fs_quota_statv)", 160),
    ("sizeof(struct keyctl_pkey_query)", 56),
    ("sizeof(struct serial_iso7816)", 40),
    ("offsetof(struct keyctl_pkey_params, out_len)", 8),
    ("sizeof(struct statx)", 256),
    ("sizeof(struct sysinfo)", 112),
    ("sizeof(struct new_utsname)", 390),
    ("sizeof(struct timex)", 208),
    ("sizeof(struct epoll_event)", 12),
    ("offsetof(union bpf_attr, value)", 16),
    ("offsetof(union bpf_attr, log_buf)", 32),
    ("offsetof(union bpf_attr, log_size)", 28),
    ("offsetof(union bpf_attr, test.data_out)", 24),
    ("offsetof(union bpf_attr, test.data_size_out)", 12),
    ("offsetof(union bpf_attr, test.ctx_out)", 56),
    ("offsetof(union bpf_attr, test.ctx_size_out)", 44),
    ("offsetof(union bpf_attr, info.info)", 8),
    ("offsetof(union bpf_attr, info.info_len)", 4),
    ("offsetof(union bpf_attr, query.prog_ids)", 16),
    ("offsetof(union bpf_attr, query.prog_cnt)", 24),
    ("offsetof(union bpf_attr, btf_log_buf)", 8),
    ("offsetof(union bpf_attr, btf_log_size)", 20),
    ("offsetof(union bpf_attr, task_fd_query.buf)", 16),
    ("offsetof(union bpf_attr, task_fd_query.buf_len)", 12),
    ("offsetof(union bpf_attr, batch.out_batch)", 8),
    ("offsetof(union bpf_attr, batch.keys)", 16),
    ("offsetof(union bpf_attr, batch.values)", 24),
]


def rows_with_commands() -> list[tuple[int, Syscall]]:
    """(the command's value, its row) of all multiplexers."""
    return [
        (value, row)
        for multiplexer in table.MULTIPLEXED.values()
        for value, row in multiplexer.rows.items()
        if row.command
    ]


def compiled_output(folder: Path, body: list[str]) -> list[list[str]]:
    """What a C program prints, in words.  Headers that are not installed are left out."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    lines = ["#include <stddef.h>", "#include <stdio.h>"]
    for header in HEADERS.split():
        lines += [f"#if __has_include(<{header}>)", f"#include <{header}>", "#endif"]
    lines += ["int main(void) {", *body, "return 0; }"]
    source = folder / "facts.c"
    # linux/time.h would define again what sys/time.h has.
    compiler = ["gcc", "-w", "-D_LINUX_TIME_H", "-include", "sys/time.h", "-o", folder / "facts", source]
    source.write_text("\n".join(lines))
    errors = subprocess.run(compiler, check=False, capture_output=True, text=True).stderr
    if errors:
        # What older headers do not have is left out.
        unknown = {int(number) - 1 for number in re.findall(r"facts.c:(\d+):\d+: error", errors)}
        source.write_text("\n".join("" if number in unknown else line for number, line in enumerate(lines)))
        subprocess.run(compiler, check=True, capture_output=True, text=True)
    printed = subprocess.run([folder / "facts"], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in printed.splitlines()]


def test_numbers_of_commands(tmp_path: Path) -> None:
    """Every command whose name a header defines has the header's number."""
    rows = rows_with_commands()
    names = sorted({row.command for _, row in rows})
    body = [f'#ifdef {name}\nprintf("{name} %lu\\n", (unsigned long) {name});\n#endif' for name in names]
    defined = {name: int(value) & 0xFFFFFFFF for name, value in compiled_output(tmp_path, body)}
    assert len(defined) > 600
    ours: dict[str, set[int]] = {}
    for value, row in rows:
        ours.setdefault(row.command, set()).add(value & 0xFFFFFFFF)
    wrong = {name: (hex(value), ours[name]) for name, value in defined.items() if value not in ours[name]}
    assert wrong == {}


def test_names_of_constants(tmp_path: Path) -> None:
    """Every constant that lines for people name, and that a header defines, has the header's number."""
    ours: dict[str, set[int]] = {}
    for shown in vars(constants).values():
        if isinstance(shown, Flags):
            pairs = [(name, value) for value, name in shown.flags]
            pairs += [(name, value) for _, names in shown.fields for value, name in names.items()]
        elif isinstance(shown, Names):
            pairs = [(name, value) for value, name in shown.names.items()]
        else:
            continue
        for name, value in pairs:
            ours.setdefault(name, set()).add(value & 0xFFFFFFFF)
    body = [f'#ifdef {name}\nprintf("{name} %lu\\n", (unsigned long) {name});\n#endif' for name in sorted(ours)]
    defined = {name: int(value) & 0xFFFFFFFF for name, value in compiled_output(tmp_path, body)}
    assert len(defined) > 250
    assert {name: (hex(value), ours[name]) for name, value in defined.items() if value not in ours[name]} == {}


def test_layouts(tmp_path: Path) -> None:
    """Sizes and places of members that the table relies on."""
    body = [f'printf("{index} %zu\\n", {expression});' for index, (expression, _) in enumerate(LAYOUTS)]
    found = {int(index): int(value) for index, value in compiled_output(tmp_path, body)}
    assert len(found) > len(LAYOUTS) * 3 // 4
    assert [(LAYOUTS[index], value) for index, value in found.items() if LAYOUTS[index][1] != value] == []
