"""What memory a task has: mappings, their protection, where their pages are."""

from __future__ import annotations

from collections.abc import Iterable
from errno import EINVAL, ENOSPC, ENOSYS

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls import shown
from redrive.tracee.syscalls.argument import (
    command,
    descriptor,
    given,
    integer,
    long,
    named,
    out,
    pointer,
    size,
    unsigned,
)
from redrive.tracee.syscalls.extents import Counted
from redrive.tracee.syscalls.files import emptied_vectors, filled_vectors
from redrive.tracee.syscalls.multiplexer import Choice, Command, Multiplexer, command_row, rows_of
from redrive.tracee.syscalls.syscall import Treatment, row

EXECUTED = Treatment.EXECUTED

_addr = pointer("addr")
_length = size("length")
_prot = named("prot", c.PROTECTION)
_nodes = Counted("maxnode", each=8, per=64)


def _advices(content_changes: Treatment, refusal: int) -> Iterable[Command]:
    """madvise(2)'s advices (include/uapi/asm-generic/mman-common.h)."""
    plain = (
        (0, "MADV_NORMAL"),
        (1, "MADV_RANDOM"),
        (2, "MADV_SEQUENTIAL"),
        (3, "MADV_WILLNEED"),
        (12, "MADV_MERGEABLE"),
        (13, "MADV_UNMERGEABLE"),
        (14, "MADV_HUGEPAGE"),
        (15, "MADV_NOHUGEPAGE"),
        (16, "MADV_DONTDUMP"),
        (17, "MADV_DODUMP"),
        (20, "MADV_COLD"),
        (21, "MADV_PAGEOUT"),
        (22, "MADV_POPULATE_READ"),
        (23, "MADV_POPULATE_WRITE"),
        (25, "MADV_COLLAPSE"),
        (100, "MADV_HWPOISON"),
        (101, "MADV_SOFT_OFFLINE"),
    )
    changing = (
        (4, "MADV_DONTNEED"),
        (9, "MADV_REMOVE"),
        (10, "MADV_DONTFORK"),
        (11, "MADV_DOFORK"),
        (18, "MADV_WIPEONFORK"),
        (19, "MADV_KEEPONFORK"),
        (24, "MADV_DONTNEED_LOCKED"),
    )
    # The kernel takes such pages when it likes, or makes memory fault without a mapping that says so.
    behind_our_back = ((8, "MADV_FREE"), (102, "MADV_GUARD_INSTALL"), (103, "MADV_GUARD_REMOVE"))
    yield from (command_row(value, name) for value, name in plain)
    yield from (command_row(value, name, treatment=content_changes, refusal=refusal) for value, name in changing)
    yield from (command_row(value, name, refusal=EINVAL) for value, name in behind_our_back)


ROWS = (
    row(
        9,
        "mmap",
        _addr,
        _length,
        _prot,
        named("flags", c.MAP_FLAGS),
        descriptor(),
        long("offset"),
        treatment=EXECUTED,
        result=shown.hexadecimal,
    ),
    row(10, "mprotect", _addr, _length, _prot, treatment=EXECUTED),
    row(11, "munmap", _addr, _length, treatment=EXECUTED),
    row(12, "brk", _addr, treatment=EXECUTED, result=shown.hexadecimal),
    row(
        25,
        "mremap",
        pointer("old_address"),
        size("old_size"),
        size("new_size"),
        named("flags", c.MREMAP_FLAGS),
        pointer("new_address"),
        treatment=EXECUTED,
        result=shown.hexadecimal,
    ),
    row(26, "msync", _addr, _length, named("flags", c.MSYNC_FLAGS)),
    row(27, "mincore", _addr, _length, out("vec", Counted("length", per=4096), on_error=True)),
    row(149, "mlock", _addr, _length),
    row(150, "munlock", _addr, _length),
    row(151, "mlockall", named("flags", c.MLOCK_FLAGS)),
    row(152, "munlockall"),
    row(
        216,
        "remap_file_pages",
        _addr,
        size("size"),
        _prot,
        size("pgoff"),
        named("flags", c.MAP_FLAGS),
        refusal=ENOSYS,
    ),
    row(237, "mbind", _addr, _length, integer("mode"), given("nodemask", 8), size("maxnode"), unsigned("flags")),
    row(238, "set_mempolicy", integer("mode"), given("nodemask", 8), size("maxnode")),
    row(239, "get_mempolicy", out("mode", 4), out("nodemask", _nodes), size("maxnode"), _addr, unsigned("flags")),
    row(256, "migrate_pages", integer("pid"), size("maxnode"), given("old_nodes", 8), given("new_nodes", 8)),
    row(
        279,
        "move_pages",
        integer("pid"),
        size("count"),
        pointer("pages"),
        given("nodes", 4, shown.number32),
        out("status", Counted("count", each=4), on_error=True),
        unsigned("flags"),
    ),
    row(
        310,
        "process_vm_readv",
        integer("pid"),
        filled_vectors("local_iov", "liovcnt"),
        size("liovcnt"),
        pointer("remote_iov"),
        size("riovcnt"),
        unsigned("flags"),
    ),
    row(
        311,
        "process_vm_writev",
        integer("pid"),
        emptied_vectors("local_iov", "liovcnt"),
        size("liovcnt"),
        pointer("remote_iov"),
        size("riovcnt"),
        unsigned("flags"),
    ),
    row(323, "userfaultfd", unsigned("flags"), refusal=ENOSYS),
    row(325, "mlock2", _addr, _length, unsigned("flags")),
    row(329, "pkey_mprotect", _addr, _length, _prot, integer("pkey"), treatment=EXECUTED),
    # A key's rights live in the PKRU register, which the kernel changes on every signal.
    row(330, "pkey_alloc", unsigned("flags"), unsigned("access_rights"), refusal=ENOSPC),
    row(331, "pkey_free", integer("pkey")),
    # Nobody but the task can read such memory, not even a tracer.
    row(447, "memfd_secret", unsigned("flags"), refusal=ENOSYS),
    row(448, "process_mrelease", descriptor("pidfd"), unsigned("flags")),
    row(450, "set_mempolicy_home_node", _addr, _length, size("home_node"), unsigned("flags")),
    row(453, "map_shadow_stack", _addr, size("size"), unsigned("flags"), refusal=ENOSYS),
    row(462, "mseal", _addr, _length, unsigned("flags")),
)

MULTIPLEXERS = (
    Multiplexer(
        28,
        "madvise",
        Choice(2),
        rows_of(28, "madvise", (_addr, _length, command("advice")), _advices(EXECUTED, 0)),
    ),
    Multiplexer(
        440,
        "process_madvise",
        Choice(3),
        rows_of(
            440,
            "process_madvise",
            (descriptor("pidfd"), emptied_vectors("vec", "vlen"), size("vlen"), command("advice"), unsigned("flags")),
            # An older kernel knows no advice here that changes what memory holds.
            _advices(Treatment.REFUSED, EINVAL),
        ),
    ),
)
