"""The tree of files: names, what is known of them, mounts."""

from __future__ import annotations

from errno import ENOSYS

from redrive.tracee.syscalls import constants as c
from redrive.tracee.syscalls.argument import (
    Argument,
    descriptor,
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
from redrive.tracee.syscalls.extents import Counted, Fixed, If, Result, Structure
from redrive.tracee.syscalls.shown_structures import timespecs, timevals
from redrive.tracee.syscalls.structures import extended_attribute_value
from redrive.tracee.syscalls.syscall import row

_stat = out("statbuf", 144)
_statfs = out("buf", 120)
_path = text("pathname")
_directory = descriptor("dirfd")
_owner = (unsigned("owner"), unsigned("group"))
_at_flags = named("flags", c.AT_FLAGS)


def attribute_out() -> tuple[Argument, ...]:
    """The value of an extended attribute, and its room."""
    return (text("name"), out("value", Result("size")), size("size"))


def attribute_in() -> tuple[Argument, ...]:
    """The new value of an extended attribute."""
    return (text("name"), given("value", "size"), size("size"), named("flags", c.XATTR_FLAGS))


_attribute_names = (out("list", Result("size")), size("size"))

ROWS = (
    row(4, "stat", _path, _stat),
    row(5, "fstat", descriptor(), _stat),
    row(6, "lstat", _path, _stat),
    row(21, "access", _path, named("mode", c.ACCESS_MODE)),
    row(76, "truncate", _path, long("length"), blocks=True),
    row(79, "getcwd", out("buf", Result("size", exact=True)), size("size")),
    row(80, "chdir", _path),
    row(81, "fchdir", descriptor()),
    row(82, "rename", text("oldpath"), text("newpath")),
    row(83, "mkdir", _path, mode()),
    row(84, "rmdir", _path),
    row(86, "link", text("oldpath"), text("newpath")),
    row(87, "unlink", _path),
    row(88, "symlink", text("target"), text("linkpath")),
    row(89, "readlink", _path, out("buf", Result("bufsiz", exact=True)), size("bufsiz")),
    row(90, "chmod", _path, mode()),
    row(91, "fchmod", descriptor(), mode()),
    row(92, "chown", _path, *_owner),
    row(93, "fchown", descriptor(), *_owner),
    row(94, "lchown", _path, *_owner),
    row(95, "umask", mode("mask")),
    row(132, "utime", text("filename"), given("times", 16)),
    row(133, "mknod", _path, mode(), size("dev")),
    row(134, "uselib", text("library"), refusal=ENOSYS),
    row(136, "ustat", size("dev"), out("ubuf", 32)),
    row(137, "statfs", text("path"), _statfs),
    row(138, "fstatfs", descriptor(), _statfs),
    row(
        139,
        "sysfs",
        integer("option"),
        pointer("arg1"),
        out("arg2", If("option", lambda option: option == 2, Fixed(256))),
    ),
    row(155, "pivot_root", text("new_root"), text("put_old")),
    row(161, "chroot", text("path")),
    row(
        165,
        "mount",
        text("source"),
        text("target"),
        text("filesystemtype"),
        named("mountflags", c.MOUNT_FLAGS, mask=(1 << 64) - 1),
        pointer("data"),
        blocks=True,
    ),
    row(166, "umount2", text("target"), named("flags", c.UMOUNT_FLAGS), blocks=True),
    row(188, "setxattr", text("path"), *attribute_in()),
    row(189, "lsetxattr", text("path"), *attribute_in()),
    row(190, "fsetxattr", descriptor(), *attribute_in()),
    row(191, "getxattr", text("path"), *attribute_out()),
    row(192, "lgetxattr", text("path"), *attribute_out()),
    row(193, "fgetxattr", descriptor(), *attribute_out()),
    row(194, "listxattr", text("path"), *_attribute_names),
    row(195, "llistxattr", text("path"), *_attribute_names),
    row(196, "flistxattr", descriptor(), *_attribute_names),
    row(197, "removexattr", text("path"), text("name")),
    row(198, "lremovexattr", text("path"), text("name")),
    row(199, "fremovexattr", descriptor(), text("name")),
    row(235, "utimes", text("filename"), given("times", 32, timevals)),
    row(258, "mkdirat", _directory, _path, mode()),
    row(259, "mknodat", _directory, _path, mode(), unsigned("dev")),
    row(260, "fchownat", _directory, _path, *_owner, _at_flags),
    row(261, "futimesat", _directory, _path, given("times", 32, timevals)),
    row(262, "newfstatat", _directory, _path, _stat, _at_flags),
    row(263, "unlinkat", _directory, _path, _at_flags),
    row(264, "renameat", descriptor("olddirfd"), text("oldpath"), descriptor("newdirfd"), text("newpath")),
    row(265, "linkat", descriptor("olddirfd"), text("oldpath"), descriptor("newdirfd"), text("newpath"), _at_flags),
    row(266, "symlinkat", text("target"), descriptor("newdirfd"), text("linkpath")),
    row(267, "readlinkat", _directory, _path, out("buf", Result("bufsiz", exact=True)), integer("bufsiz")),
    row(268, "fchmodat", _directory, _path, mode()),
    row(269, "faccessat", _directory, _path, named("mode", c.ACCESS_MODE)),
    row(280, "utimensat", _directory, _path, given("times", 32, timespecs), _at_flags),
    row(
        316,
        "renameat2",
        descriptor("olddirfd"),
        text("oldpath"),
        descriptor("newdirfd"),
        text("newpath"),
        named("flags", c.RENAME_FLAGS),
    ),
    row(332, "statx", _directory, _path, _at_flags, named("mask", c.STATX_MASK), out("statxbuf", 256)),
    row(428, "open_tree", _directory, _path, _at_flags),
    row(
        429,
        "move_mount",
        descriptor("from_dirfd"),
        text("from_path"),
        descriptor("to_dirfd"),
        text("to_path"),
        unsigned("flags"),
    ),
    row(430, "fsopen", text("fsname"), unsigned("flags")),
    row(431, "fsconfig", descriptor(), unsigned("cmd"), text("key"), pointer("value"), integer("aux"), blocks=True),
    row(432, "fsmount", descriptor(), unsigned("flags"), unsigned("attr_flags")),
    row(433, "fspick", _directory, _path, unsigned("flags")),
    row(439, "faccessat2", _directory, _path, named("mode", c.ACCESS_MODE), named("flags", c.ACCESS_FLAGS)),
    row(442, "mount_setattr", _directory, _path, unsigned("flags"), given("uattr", "usize"), size("usize")),
    row(452, "fchmodat2", _directory, _path, mode(), _at_flags),
    row(457, "statmount", given("req", 24), out("buf", Counted("bufsize")), size("bufsize"), unsigned("flags")),
    row(458, "listmount", given("req", 24), out("mnt_ids", Result("nr", each=8)), size("nr"), unsigned("flags")),
    row(463, "setxattrat", _directory, _path, unsigned("at_flags"), text("name"), given("args", 16), size("size")),
    row(
        464,
        "getxattrat",
        _directory,
        _path,
        unsigned("at_flags"),
        text("name"),
        out("args", Structure(extended_attribute_value)),
        size("size"),
    ),
    row(465, "listxattrat", _directory, _path, unsigned("at_flags"), *_attribute_names),
    row(466, "removexattrat", _directory, _path, unsigned("at_flags"), text("name")),
    row(467, "open_tree_attr", _directory, _path, unsigned("flags"), given("uattr", "usize"), size("usize")),
    row(468, "file_getattr", _directory, _path, out("ufattr", Counted("usize")), size("usize"), unsigned("at_flags")),
    row(469, "file_setattr", _directory, _path, given("ufattr", "usize"), size("usize"), unsigned("at_flags")),
)
