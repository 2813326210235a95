"""Requests of descriptors that stand for processes, namespaces, filters and the like.

include/uapi/linux/{nsfs,pidfd,seccomp,eventpoll,fuse,kvm,sync_file}.h, include/uapi/linux/autofs.h.
"""

from __future__ import annotations

from redrive.tracee.syscalls.argument import integer, out
from redrive.tracee.syscalls.ioctl_request import READ, WRITE, bare, both_ways, reading, request_number, writing
from redrive.tracee.syscalls.multiplexer import command_row

_NAMESPACES = (
    bare("NS_GET_USERNS", 0xB7, 1),
    bare("NS_GET_PARENT", 0xB7, 2),
    bare("NS_GET_NSTYPE", 0xB7, 3),
    # No size is in the number, yet the kernel writes a uid_t.
    command_row(0xB704, "NS_GET_OWNER_UID", out("uid", 4)),
    reading("NS_GET_MNTNS_ID", 0xB7, 5, 8),
    # In these four the argument is the pid itself, and the answer is the result.
    command_row(0x8004B706, "NS_GET_PID_FROM_PIDNS", integer("pid")),
    command_row(0x8004B707, "NS_GET_TGID_FROM_PIDNS", integer("pid")),
    command_row(0x8004B708, "NS_GET_PID_IN_PIDNS", integer("pid")),
    command_row(0x8004B709, "NS_GET_TGID_IN_PIDNS", integer("pid")),
    reading("NS_MNT_GET_INFO", 0xB7, 10, 16),
    reading("NS_MNT_GET_NEXT", 0xB7, 11, 16),
    reading("NS_MNT_GET_PREV", 0xB7, 12, 16),
    reading("NS_GET_ID", 0xB7, 13, 8),
)

_PROCESSES = (
    *(
        bare(f"PIDFD_GET_{what}_NAMESPACE", 0xFF, number)
        for number, what in enumerate(
            ["CGROUP", "IPC", "MNT", "NET", "PID", "PID_FOR_CHILDREN", "TIME", "TIME_FOR_CHILDREN", "USER", "UTS"], 1
        )
    ),
    # The structure has grown; its size is in the number.
    *(both_ways("PIDFD_GET_INFO", 0xFF, 11, length) for length in (64, 72, 80)),
)

_FILTERS = (
    command_row(
        request_number(READ | WRITE, "!", 0, 80), "SECCOMP_IOCTL_NOTIF_RECV", out("req", 80, on_error=True), blocks=True
    ),
    both_ways("SECCOMP_IOCTL_NOTIF_SEND", "!", 1, 24),
    writing("SECCOMP_IOCTL_NOTIF_ID_VALID", "!", 2, 8),
    writing("SECCOMP_IOCTL_NOTIF_ADDFD", "!", 3, 24),
    command_row(request_number(WRITE, "!", 4, 8), "SECCOMP_IOCTL_NOTIF_SET_FLAGS", integer("flags")),
)

_OTHERS = (
    writing("EPIOCSPARAMS", 0x8A, 1, 8),
    reading("EPIOCGPARAMS", 0x8A, 2, 8),
    reading("FUSE_DEV_IOC_CLONE", 229, 0, 4),
    bare("KVM_GET_API_VERSION", 0xAE, 0),
    bare("KVM_CHECK_EXTENSION", 0xAE, 3, integer("extension")),
    bare("KVM_GET_VCPU_MMAP_SIZE", 0xAE, 4),
)

REQUESTS = (*_NAMESPACES, *_PROCESSES, *_FILTERS, *_OTHERS)
