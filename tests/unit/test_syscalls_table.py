"""The table of syscalls: complete, named as the kernel's headers name it, and treated as they must be."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from redrive.tracee.syscalls import MemoryFault, Syscall, Treatment, find, name_of, table
from redrive.tracee.syscalls.argument import Argument, out, pointer
from redrive.tracee.syscalls.extents import Counted
from redrive.tracee.syscalls.multiplexer import command_row, rows_of
from redrive.tracee.syscalls.syscall import row
from tests.unit.syscalls_arena import system_call

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

# arch/x86/entry/syscalls/syscall_64.tbl of Linux 7.0; older kernels have the first part of it.
NEWER_THAN_MOST_HEADERS = {
    335: "uretprobe",
    336: "uprobe",
    446: "landlock_restrict_self",
    447: "memfd_secret",
    448: "process_mrelease",
    449: "futex_waitv",
    450: "set_mempolicy_home_node",
    451: "cachestat",
    452: "fchmodat2",
    453: "map_shadow_stack",
    454: "futex_wake",
    455: "futex_wait",
    456: "futex_requeue",
    457: "statmount",
    458: "listmount",
    459: "lsm_get_self_attr",
    460: "lsm_set_self_attr",
    461: "lsm_list_modules",
    462: "mseal",
    463: "setxattrat",
    464: "getxattrat",
    465: "listxattrat",
    466: "removexattrat",
    467: "open_tree_attr",
    468: "file_getattr",
    469: "file_setattr",
    470: "listns",
    471: "rseq_slice_yield",
}

NO_ARGUMENTS = (0,) * 6


def every_row() -> list[Syscall]:
    """All rows, those of multiplexers too."""
    rows = list(table.SINGLE.values())
    for multiplexer in table.MULTIPLEXED.values():
        rows += multiplexer.rows.values()
    return rows


def words(text: str) -> set[str]:
    """The words of a text."""
    return set(text.split())


def command(number: int, *arguments: int) -> Syscall:
    """The row of a multiplexed call."""
    found = find(number, [*arguments, *NO_ARGUMENTS][:6])
    assert found is not None
    return found


def test_names_agree_with_the_installed_header() -> None:
    if not HEADER.exists():
        pytest.skip("linux-libc-dev is not installed")
    defined = {int(number): name for name, number in re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text())}
    assert len(defined) > 330
    assert {number: name_of(number) for number in defined} == defined


def test_newer_names() -> None:
    assert {number: name_of(number) for number in NEWER_THAN_MOST_HEADERS} == NEWER_THAN_MOST_HEADERS


def test_every_number_once() -> None:
    numbers = [*range(337), *range(424, 472)]
    known = [number for number in range(-2, 600) if not name_of(number).startswith("syscall_")]
    assert known == numbers
    assert not table.SINGLE.keys() & table.MULTIPLEXED.keys()
    names = [name_of(number) for number in numbers]
    assert len(set(names)) == len(names)


def test_unknown_numbers_and_commands() -> None:
    assert find(400, NO_ARGUMENTS) is None
    assert find(-1, NO_ARGUMENTS) is None
    assert find(1 << 30, NO_ARGUMENTS) is None
    assert find(72, (0, 99, 0, 0, 0, 0)) is None
    assert find(157, (123456, 0, 0, 0, 0, 0)) is None
    assert name_of(400) == "syscall_400"


@pytest.mark.parametrize("family", [module for module in vars(table).values() if hasattr(module, "ROWS")])
def test_rows_are_in_order(family: object) -> None:
    numbers = [each.number for each in family.ROWS if each.name not in FILLERS]  # type: ignore[attr-defined]
    assert numbers == sorted(numbers)


FILLERS = {name_of(number) for number in (174, 177, 178, *range(180, 186), 205, 211, 214, 215, 236)}


def test_rows_are_consistent() -> None:
    for each in every_row():
        where = f"{each.name} {each.command}"
        assert (each.refusal != 0) == (each.treatment is Treatment.REFUSED), where
        assert len(each.arguments) <= 6, where
        names = [argument.name for argument in each.arguments]
        assert len(set(names)) == len(names), where
        commands = [argument for argument in each.arguments if argument.is_command]
        assert len(commands) == (1 if each.command else 0), where
        if each.refusal:
            assert not each.may_block, where
            assert each.refusal in errno.errorcode, where


REFUSED = {
    "clone3": errno.ENOSYS,
    "io_uring_setup": errno.ENOSYS,
    "io_uring_enter": errno.ENOSYS,
    "io_uring_register": errno.ENOSYS,
    "io_setup": errno.ENOSYS,
    "io_submit": errno.ENOSYS,
    "userfaultfd": errno.ENOSYS,
    "rseq": errno.ENOSYS,
    "perf_event_open": errno.EPERM,
    "pkey_alloc": errno.ENOSPC,
    "map_shadow_stack": errno.ENOSYS,
    "modify_ldt": errno.ENOSYS,
    "remap_file_pages": errno.ENOSYS,
    "memfd_secret": errno.ENOSYS,
    "iopl": errno.EPERM,
}
EXECUTED = words(
    "mmap munmap mprotect pkey_mprotect mremap brk shmat shmdt clone fork vfork execve execveat exit "
    "exit_group rt_sigreturn"
)
EMULATED = {"ptrace", "sched_setaffinity", "sched_getaffinity"}


def test_treatments() -> None:
    plain = {each.name: each for each in table.SINGLE.values()}
    assert {name for name, each in plain.items() if each.treatment is Treatment.EXECUTED} == EXECUTED
    assert {name for name, each in plain.items() if each.treatment is Treatment.EMULATED} == EMULATED
    assert {name: plain[name].refusal for name in REFUSED} == REFUSED


def test_commands_are_told_apart() -> None:
    assert command(28, 0, 0, 4).treatment is Treatment.EXECUTED
    assert command(28, 0, 0, 4).command == "MADV_DONTNEED"
    assert command(28, 0, 0, 8).refusal == errno.EINVAL
    assert command(28, 0, 0, 3).treatment is Treatment.PLAIN
    assert command(440, 0, 0, 0, 4).refusal == errno.EINVAL
    assert command(157, 25).treatment is Treatment.EMULATED
    assert command(157, 22, 1).treatment is Treatment.EMULATED
    assert command(157, 22, 2).treatment is Treatment.PLAIN
    assert command(157, 59).refusal == errno.EINVAL
    assert command(157, 0x53564D41).command == "PR_SET_VMA"
    assert command(158, 0x1012).treatment is Treatment.EMULATED
    assert command(158, 0x5001).refusal == errno.EINVAL
    assert command(317, 0).treatment is Treatment.EMULATED
    assert command(202, 0, 0 | 128 | 256).command == "FUTEX_WAIT"
    # Only the low 32 bits of a command count.
    assert command(16, 0, 0xFFFFFFFF00005401).command == "TCGETS"
    assert command(72, 0, 0xABC00000005).command == "F_GETLK"
    assert command(55, 0, 6, 35).refusal == errno.EINVAL
    assert command(55, 0, 6, 36).refusal == 0
    assert command(54, 0, 263, 5).refusal == errno.ENOPROTOOPT
    assert command(54, 0, 263, 1).refusal == 0
    assert command(179, 0x80000700).command == "Q_GETQUOTA"


BLOCKING = words(
    "read write readv writev pread64 preadv preadv2 pwritev2 wait4 waitid nanosleep clock_nanosleep "
    "select pselect6 poll ppoll epoll_wait epoll_pwait epoll_pwait2 accept accept4 connect recvfrom "
    "recvmsg recvmmsg sendto sendmsg sendmmsg flock pause rt_sigsuspend rt_sigtimedwait msgsnd msgrcv "
    "semop semtimedop open openat openat2 creat vfork clone close splice tee vmsplice sendfile "
    "copy_file_range getrandom mq_timedsend mq_timedreceive restart_syscall futex_wait futex_waitv"
)
NEVER_BLOCKING = words("getpid fstat mmap munmap brk exit exit_group rt_sigreturn ptrace")


def test_what_may_block() -> None:
    plain = {each.name: each.may_block for each in table.SINGLE.values()}
    assert {name for name in BLOCKING if not plain[name]} == set()
    assert not any(plain[name] for name in NEVER_BLOCKING)
    assert command(72, 0, 7).may_block and command(72, 0, 38).may_block and not command(72, 0, 6).may_block
    assert [op for op in range(14) if command(202, 0, op).may_block] == [0, 6, 9, 11, 13]
    assert command(16, 0, 0x5403).may_block and command(16, 0, 0xC0502100).may_block
    assert not command(16, 0, 0x5401).may_block


def test_ioctls_that_no_table_holds() -> None:
    read_forty = find(16, (3, 0x80285A01, 0x1000, 0, 0, 0))
    assert read_forty is not None
    assert read_forty.outputs((3, 0x80285A01, 0x1000, 0, 0, 0), 0, Nowhere()) == [(0x1000, 40)]
    write_only = find(16, (3, 0x40285A01, 0x1000, 0, 0, 0))
    assert write_only is not None
    assert write_only.outputs((3, 0x40285A01, 0x1000, 0, 0, 0), 0, Nowhere()) == [(0x1000, 40)]
    assert find(16, (3, 0x5A01, 0, 0, 0, 0)) is None
    assert command(16, 3, 0xC0406400).refusal == errno.ENOTTY  # DRM_IOCTL_VERSION
    assert find(16, (3, 0xC0205647, 0, 0, 0, 0)) is None  # VIDIOC_G_EXT_CTRLS
    assert find(16, (3, 0x80285A01, 0, 0, 0, 0)) is read_forty


class Nowhere:
    """Memory of which nothing is mapped."""

    def read(self, address: int, length: int) -> bytes:
        raise MemoryFault(address)


def test_the_shortcut() -> None:
    assert command(0, 3, 0x1000, 10).plain_outputs == ((1, -1),)
    assert command(4, 0x1000, 0x2000).plain_outputs == ((1, 144),)
    assert command(1, 1, 0x1000, 10).plain_outputs == ()
    assert command(45).plain_outputs is None
    assert command(47).plain_outputs is None
    assert command(191).plain_outputs is None


def test_clone_writes_what_its_flags_say() -> None:
    clone = command(56)
    assert clone.outputs((0x11, 0, 0x1000, 0x2000, 0, 0), 5, Nowhere()) == []
    assert clone.outputs((0x00100011, 0, 0x1000, 0x2000, 0, 0), 5, Nowhere()) == [(0x1000, 4)]
    assert clone.outputs((0x01101000, 0, 0x1000, 0x2000, 0, 0), 5, Nowhere()) == [(0x1000, 4), (0x2000, 4)]


def test_a_row_that_names_a_missing_argument() -> None:
    with pytest.raises(KeyError):
        row(1000, "broken", out("buffer", Counted("cuont")))


def test_a_command_that_is_there_twice() -> None:
    with pytest.raises(ValueError, match="command 0x1 is in the table twice"):
        rows_of(1000, "broken", (), [command_row(1, "ONE"), command_row(1, "OTHER")])


def test_arguments_are_immutable() -> None:
    argument = pointer("addr")
    with pytest.raises(AttributeError):
        argument.name = "other"  # type: ignore[misc]
    assert isinstance(argument, Argument)


@pytest.mark.skipif(not os.path.exists("/proc/self/syscall"), reason="no /proc")
def test_the_kernel_knows_no_more_than_the_table() -> None:
    """Numbers just beyond the table must be unknown to this kernel as well."""
    for number in range(472, 500):
        assert system_call(number, NO_ARGUMENTS) == -errno.ENOSYS, f"syscall {number} is missing in the table"
