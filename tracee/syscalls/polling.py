"""Waiting for descriptors, and descriptors that only exist to be waited for."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls import shown_structures as structure
from redrive.tracee.syscalls.argument import (
    Argument,
    Given,
    descriptor,
    given,
    integer,
    named,
    out,
    pointer,
    size,
    text,
    unsigned,
    updated,
)
from redrive.tracee.syscalls.extents import Counted, Result
from redrive.tracee.syscalls.syscall import row

# fd_sets are whole 64-bit words; the kernel touches no more of them than nfds says.
_descriptor_set = Counted("nfds", each=8, per=64)
_sets = (
    integer("nfds"),
    updated("readfds", _descriptor_set, shown.quoted),
    updated("writefds", _descriptor_set, shown.quoted),
    updated("exceptfds", _descriptor_set, shown.quoted),
)
# What is left of the time comes out whatever the outcome is.
_timespec_left = updated("timeout", 16, shown.timespec, on_error=True)
_timeval_left = updated("timeout", 16, shown.timeval, on_error=True)
# 8 bytes each: revents are written after an interruption too.
_polled = Argument(
    "fds",
    shown.address,
    given=Given("nfds", 256, structure.polled, each=8),
    written=Counted("nfds", each=8),
    written_on_error=True,
)
# struct epoll_event is packed on x86-64: 12 bytes.
_events = (out("events", Result("maxevents", each=12)), integer("maxevents"))
_mask = (given("sigmask", "sigsetsize", structure.signal_set, limit=8), size("sigsetsize"))

ROWS = (
    row(7, "poll", _polled, unsigned("nfds"), integer("timeout"), blocks=True),
    row(23, "select", *_sets, _timeval_left, blocks=True),
    row(213, "epoll_create", integer("size")),
    row(232, "epoll_wait", descriptor("epfd"), *_events, integer("timeout"), blocks=True),
    row(
        233,
        "epoll_ctl",
        descriptor("epfd"),
        named("op", c.EPOLL_OPERATION),
        descriptor(),
        given("event", 12, structure.epoll_event),
    ),
    row(253, "inotify_init"),
    row(254, "inotify_add_watch", descriptor(), text("pathname"), named("mask", shown.hexadecimal)),
    row(255, "inotify_rm_watch", descriptor(), integer("wd")),
    row(270, "pselect6", *_sets, _timespec_left, pointer("sigmask"), blocks=True),
    row(271, "ppoll", _polled, unsigned("nfds"), _timespec_left, *_mask, blocks=True),
    row(281, "epoll_pwait", descriptor("epfd"), *_events, integer("timeout"), *_mask, blocks=True),
    row(284, "eventfd", unsigned("initval")),
    row(290, "eventfd2", unsigned("initval"), named("flags", c.EVENTFD_FLAGS)),
    row(291, "epoll_create1", named("flags", c.EPOLL_FLAGS)),
    row(294, "inotify_init1", named("flags", c.CLOEXEC_FLAGS)),
    row(300, "fanotify_init", unsigned("flags"), unsigned("event_f_flags")),
    row(
        301,
        "fanotify_mark",
        descriptor("fanotify_fd"),
        unsigned("flags"),
        named("mask", shown.hexadecimal),
        descriptor("dirfd"),
        text("pathname"),
    ),
    row(441, "epoll_pwait2", descriptor("epfd"), *_events, given("timeout", 16, shown.timespec), *_mask, blocks=True),
)
