"""Reading and writing through descriptors, and the descriptors themselves."""

from __future__ import annotations

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import (
    Argument,
    descriptor,
    given,
    integer,
    long,
    mode,
    named,
    out,
    size,
    text,
    unsigned,
    updated,
)
from redrive.tracee.syscalls.extents import Result, Structure
from redrive.tracee.syscalls.structures import Vectors, file_handle, previewed_vectors
from redrive.tracee.syscalls.syscall import row


def filled_vectors(name: str, count: str) -> Argument:
    """An iovec array that the kernel fills."""
    return Argument(name, shown.address, written=Vectors(count))


def emptied_vectors(name: str, count: str) -> Argument:
    """An iovec array that the kernel takes bytes from."""
    return Argument(name, shown.address, given=previewed_vectors(count))


def offset(name: str) -> Argument:
    """A loff_t that the kernel moves on."""
    return updated(name, 8, shown.number64, on_error=True)


_read = Result("count", exact=True)

ROWS = (
    row(0, "read", descriptor(), out("buf", _read), size("count"), blocks=True),
    row(1, "write", descriptor(), given("buf", "count"), size("count"), blocks=True),
    row(2, "open", text("pathname"), named("flags", c.OPEN_FLAGS), mode(), blocks=True),
    row(3, "close", descriptor(), blocks=True),
    row(8, "lseek", descriptor(), long("offset"), named("whence", c.WHENCE)),
    row(17, "pread64", descriptor(), out("buf", _read), size("count"), long("offset"), blocks=True),
    row(18, "pwrite64", descriptor(), given("buf", "count"), size("count"), long("offset"), blocks=True),
    row(19, "readv", descriptor(), filled_vectors("iov", "iovcnt"), integer("iovcnt"), blocks=True),
    row(20, "writev", descriptor(), emptied_vectors("iov", "iovcnt"), integer("iovcnt"), blocks=True),
    row(22, "pipe", out("pipefd", 8)),
    row(32, "dup", descriptor("oldfd")),
    row(33, "dup2", descriptor("oldfd"), descriptor("newfd"), blocks=True),
    row(40, "sendfile", descriptor("out_fd"), descriptor("in_fd"), offset("offset"), size("count"), blocks=True),
    row(73, "flock", descriptor(), named("operation", c.FLOCK_OPERATION), blocks=True),
    row(74, "fsync", descriptor()),
    row(75, "fdatasync", descriptor()),
    row(77, "ftruncate", descriptor(), long("length"), blocks=True),
    row(78, "getdents", unsigned("fd"), out("dirp", _read), unsigned("count")),
    row(85, "creat", text("pathname"), mode(), blocks=True),
    row(162, "sync"),
    row(187, "readahead", descriptor(), long("offset"), size("count")),
    row(217, "getdents64", descriptor(), out("dirp", _read), unsigned("count")),
    row(221, "fadvise64", descriptor(), long("offset"), long("len"), named("advice", c.FILE_ADVICE)),
    row(257, "openat", descriptor("dirfd"), text("pathname"), named("flags", c.OPEN_FLAGS), mode(), blocks=True),
    row(
        275,
        "splice",
        descriptor("fd_in"),
        offset("off_in"),
        descriptor("fd_out"),
        offset("off_out"),
        size("size"),
        named("flags", c.SPLICE_FLAGS),
        blocks=True,
    ),
    row(
        276, "tee", descriptor("fd_in"), descriptor("fd_out"), size("size"), named("flags", c.SPLICE_FLAGS), blocks=True
    ),
    row(277, "sync_file_range", descriptor(), long("offset"), long("nbytes"), unsigned("flags")),
    # The iovecs are filled from a pipe's reading end and emptied into its writing end; the descriptor says which.
    row(
        278,
        "vmsplice",
        descriptor(),
        filled_vectors("iov", "nr_segs"),
        size("nr_segs"),
        named("flags", c.SPLICE_FLAGS),
        blocks=True,
    ),
    row(285, "fallocate", descriptor(), named("mode", c.FALLOCATE_MODE), long("offset"), long("len"), blocks=True),
    row(292, "dup3", descriptor("oldfd"), descriptor("newfd"), named("flags", c.CLOEXEC_FLAGS), blocks=True),
    row(293, "pipe2", out("pipefd", 8), named("flags", c.PIPE_FLAGS)),
    row(
        295,
        "preadv",
        descriptor(),
        filled_vectors("iov", "iovcnt"),
        size("iovcnt"),
        long("pos_l"),
        long("pos_h"),
        blocks=True,
    ),
    row(
        296,
        "pwritev",
        descriptor(),
        emptied_vectors("iov", "iovcnt"),
        size("iovcnt"),
        long("pos_l"),
        long("pos_h"),
        blocks=True,
    ),
    row(
        303,
        "name_to_handle_at",
        descriptor("dirfd"),
        text("pathname"),
        out("handle", Structure(file_handle), on_error=True),
        out("mount_id", 8, on_error=True),
        named("flags", c.AT_FLAGS),
    ),
    row(
        304,
        "open_by_handle_at",
        descriptor("mount_fd"),
        given("handle", 8),
        named("flags", c.OPEN_FLAGS),
        blocks=True,
    ),
    row(306, "syncfs", descriptor()),
    row(319, "memfd_create", text("name"), named("flags", c.MEMFD_FLAGS)),
    row(
        326,
        "copy_file_range",
        descriptor("fd_in"),
        offset("off_in"),
        descriptor("fd_out"),
        offset("off_out"),
        size("size"),
        unsigned("flags"),
        blocks=True,
    ),
    row(
        327,
        "preadv2",
        descriptor(),
        filled_vectors("iov", "iovcnt"),
        size("iovcnt"),
        long("pos_l"),
        long("pos_h"),
        named("flags", c.RWF_FLAGS),
        blocks=True,
    ),
    row(
        328,
        "pwritev2",
        descriptor(),
        emptied_vectors("iov", "iovcnt"),
        size("iovcnt"),
        long("pos_l"),
        long("pos_h"),
        named("flags", c.RWF_FLAGS),
        blocks=True,
    ),
    row(436, "close_range", unsigned("first"), unsigned("last"), unsigned("flags"), blocks=True),
    row(
        437,
        "openat2",
        descriptor("dirfd"),
        text("pathname"),
        given("how", "size", shown.open_how),
        size("size"),
        blocks=True,
    ),
    row(451, "cachestat", descriptor(), given("cstat_range", 16), out("cstat", 40), unsigned("flags")),
)
