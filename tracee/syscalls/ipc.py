"""Interprocess communication of System V, and POSIX message queues."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import (
    command,
    given,
    integer,
    long,
    mode,
    named,
    out,
    pointer,
    size,
    text,
    unsigned,
)
from redrive.tracee.syscalls.extents import After, Result
from redrive.tracee.syscalls.multiplexer import Choice, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.syscall import Treatment, row

_MOST_SEMAPHORES = 65536
"""In one set; the kernel's default limit (SEMMSL) is 32000."""

_key = integer("key")
_flags = integer("flag")
_any = pointer("arg")

SHMCTL = (
    command_row(0, "IPC_RMID", _any),
    command_row(1, "IPC_SET", given("arg", 112)),
    command_row(2, "IPC_STAT", out("arg", 112)),
    command_row(3, "IPC_INFO", out("arg", 72)),
    command_row(11, "SHM_LOCK", _any),
    command_row(12, "SHM_UNLOCK", _any),
    command_row(13, "SHM_STAT", out("arg", 112)),
    command_row(14, "SHM_INFO", out("arg", 48)),
    command_row(15, "SHM_STAT_ANY", out("arg", 112)),
)
SEMCTL = (
    command_row(0, "IPC_RMID", _any),
    command_row(1, "IPC_SET", given("arg", 104)),
    command_row(2, "IPC_STAT", out("arg", 104)),
    command_row(3, "IPC_INFO", out("arg", 40)),
    command_row(11, "GETPID", _any),
    command_row(12, "GETVAL", _any),
    # The set's size is known to the kernel alone.
    command_row(13, "GETALL", out("arg", 2 * _MOST_SEMAPHORES)),
    command_row(14, "GETNCNT", _any),
    command_row(15, "GETZCNT", _any),
    command_row(16, "SETVAL", integer("arg")),
    command_row(17, "SETALL", _any),
    command_row(18, "SEM_STAT", out("arg", 104)),
    command_row(19, "SEM_INFO", out("arg", 40)),
    command_row(20, "SEM_STAT_ANY", out("arg", 104)),
)
MSGCTL = (
    command_row(0, "IPC_RMID", _any),
    command_row(1, "IPC_SET", given("arg", 120)),
    command_row(2, "IPC_STAT", out("arg", 120)),
    command_row(3, "IPC_INFO", out("arg", 32)),
    command_row(11, "MSG_STAT", out("arg", 120)),
    command_row(12, "MSG_INFO", out("arg", 32)),
    command_row(13, "MSG_STAT_ANY", out("arg", 120)),
)

ROWS = (
    row(29, "shmget", _key, size("size"), _flags),
    row(
        30,
        "shmat",
        integer("shmid"),
        pointer("shmaddr"),
        integer("shmflg"),
        treatment=Treatment.EXECUTED,
        result=shown.hexadecimal,
    ),
    row(64, "semget", _key, integer("nsems"), _flags),
    row(65, "semop", integer("semid"), given("sops", 6), size("nsops"), blocks=True),
    row(67, "shmdt", pointer("shmaddr"), treatment=Treatment.EXECUTED),
    row(68, "msgget", _key, _flags),
    row(69, "msgsnd", integer("msqid"), given("msgp", 64), size("msgsz"), _flags, blocks=True),
    # A long of type, then the text whose length is the result.
    row(
        70,
        "msgrcv",
        integer("msqid"),
        out("msgp", After(8, Result("msgsz"))),
        size("msgsz"),
        long("msgtyp"),
        _flags,
        blocks=True,
    ),
    row(
        220,
        "semtimedop",
        integer("semid"),
        given("sops", 6),
        size("nsops"),
        given("timeout", 16, shown.timespec),
        blocks=True,
    ),
    row(240, "mq_open", text("name"), named("oflag", c.OPEN_FLAGS), mode(), given("attr", 64)),
    row(241, "mq_unlink", text("name")),
    row(
        242,
        "mq_timedsend",
        integer("mqdes"),
        given("msg_ptr", "msg_len"),
        size("msg_len"),
        unsigned("msg_prio"),
        given("abs_timeout", 16, shown.timespec),
        blocks=True,
    ),
    row(
        243,
        "mq_timedreceive",
        integer("mqdes"),
        out("msg_ptr", Result("msg_len", exact=True)),
        size("msg_len"),
        out("msg_prio", 4),
        given("abs_timeout", 16, shown.timespec),
        blocks=True,
    ),
    row(244, "mq_notify", integer("mqdes"), given("sevp", 64)),
    row(245, "mq_getsetattr", integer("mqdes"), given("newattr", 64), out("oldattr", 64)),
)

MULTIPLEXERS = (
    Multiplexer(
        31,
        "shmctl",
        Choice(1),
        rows_of(31, "shmctl", (integer("shmid"), command("op")), SHMCTL),
    ),
    Multiplexer(
        66,
        "semctl",
        Choice(2),
        rows_of(66, "semctl", (integer("semid"), integer("semnum"), command("op")), SEMCTL),
    ),
    Multiplexer(
        71,
        "msgctl",
        Choice(1),
        rows_of(71, "msgctl", (integer("msqid"), command("op")), MSGCTL),
    ),
)
