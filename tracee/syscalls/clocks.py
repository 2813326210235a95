"""Clocks, timers and sleeping."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls import shown_structures as structure
from redrive.tracee.syscalls.argument import descriptor, given, named, out, unsigned, updated
from redrive.tracee.syscalls.syscall import row

_clock = named("clockid", c.CLOCK)
_flags = named("flags", c.TIMER_FLAGS)
_interval = named("which", c.INTERVAL_TIMER)

# The time that is left comes out when a sleep is interrupted.
_left = out("rem", 16, on_error=True)

ROWS = (
    row(35, "nanosleep", given("req", 16, shown.timespec), _left, blocks=True),
    row(36, "getitimer", _interval, out("curr_value", 32)),
    row(37, "alarm", unsigned("seconds")),
    row(38, "setitimer", _interval, given("new_value", 32, structure.timevals), out("old_value", 32)),
    row(96, "gettimeofday", out("tv", 16), out("tz", 8)),
    row(100, "times", out("buf", 32)),
    # What is set comes out even when it may not be set.
    row(159, "adjtimex", updated("buf", 208, shown.quoted, on_error=True)),
    row(164, "settimeofday", given("tv", 16, shown.timeval), given("tz", 8)),
    row(201, "time", out("tloc", 8)),
    row(222, "timer_create", _clock, given("sevp", 64), out("timerid", 4, on_error=True)),
    row(
        223,
        "timer_settime",
        unsigned("timerid"),
        _flags,
        given("new_value", 32, structure.timespecs),
        out("old_value", 32),
    ),
    row(224, "timer_gettime", unsigned("timerid"), out("curr_value", 32)),
    row(225, "timer_getoverrun", unsigned("timerid")),
    row(226, "timer_delete", unsigned("timerid")),
    row(227, "clock_settime", _clock, given("tp", 16, shown.timespec)),
    row(228, "clock_gettime", _clock, out("tp", 16)),
    row(229, "clock_getres", _clock, out("res", 16)),
    row(230, "clock_nanosleep", _clock, _flags, given("request", 16, shown.timespec), _left, blocks=True),
    row(283, "timerfd_create", _clock, named("flags", c.CLOEXEC_FLAGS)),
    row(
        286,
        "timerfd_settime",
        descriptor(),
        _flags,
        given("new_value", 32, structure.timespecs),
        out("old_value", 32),
    ),
    row(287, "timerfd_gettime", descriptor(), out("curr_value", 32)),
    row(305, "clock_adjtime", _clock, updated("buf", 208, shown.quoted, on_error=True)),
)
