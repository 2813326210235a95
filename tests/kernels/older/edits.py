"""edits.py LINUX: puts as_linux.c into a tree of Linux 5.10 and has the kernel ask it.

Each edit names a line of Linux that must occur exactly once, and what is written before or instead of it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
NEW_FILES = {"as_linux.c": "kernel/entry/as_linux.c", "as_linux.h": "include/linux/as_linux.h"}

BEFORE = {
    "kernel/entry/common.c": {
        "\t/* Handle ptrace */\n": (
            "\tif (as_linux_regime())\n"
            "\t\treturn as_linux_trace_enter(regs, ti_work & _TIF_SECCOMP, ti_work & _TIF_SYSCALL_EMU);\n\n"
        ),
        "#include <linux/context_tracking.h>\n": "#include <linux/as_linux.h>\n",
    },
    "kernel/seccomp.c": {
        "#include <linux/audit.h>\n": "#include <linux/as_linux.h>\n",
        # KILL_PROCESS, USER_NOTIF and LOG are newer: an action that is not known is the thread's death, without a dump.
        "\tswitch (action) {\n\tcase SECCOMP_RET_ERRNO:\n": (
            "\tif (as_linux_regime()) {\n"
            "\t\taction = filter_ret & 0x7fff0000U;\n"
            "\t\tif (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRAP && action != SECCOMP_RET_TRACE &&\n"
            "\t\t    action != SECCOMP_RET_ALLOW)\n"
            "\t\t\tdo_exit(SIGSYS);\n"
            "\t}\n"
        ),
        "\tswitch (op) {\n\tcase SECCOMP_SET_MODE_STRICT:\n": (
            "\tif (as_linux_regime() && (op > SECCOMP_SET_MODE_FILTER || flags & ~SECCOMP_FILTER_FLAG_TSYNC))\n"
            "\t\treturn -EINVAL;\n"
        ),
        # R2 goes on to the syscall stops with a number of -1 when a filter, not the tracer, answers.
        "skip:\n\tseccomp_log(this_syscall, 0, action, match ? match->log : false);\n": (
            "\tBUG();\n"
            "answered:\n"
            "\tif (as_linux_regime() == AS_LINUX_R2) {\n"
            "\t\tcurrent_pt_regs()->orig_ax = -1;\n"
            "\t\treturn 0;\n"
            "\t}\n"
        ),
    },
    "kernel/ptrace.c": {
        "#include <linux/capability.h>\n": "#include <linux/as_linux.h>\n",
        "\tswitch (request) {\n\tcase PTRACE_PEEKTEXT:\n\tcase PTRACE_PEEKDATA:\n\t\treturn generic_ptrace_peekdata": (
            "\tif (!as_linux_has_request(request))\n\t\treturn -EIO;\n"
        ),
        "\tif (unlikely(data & PTRACE_O_SUSPEND_SECCOMP)) {\n": (
            "\tif (data & PTRACE_O_SUSPEND_SECCOMP && as_linux_regime() == AS_LINUX_R1)\n\t\treturn -EINVAL;\n"
        ),
    },
    "kernel/sys.c": {
        "#include <linux/export.h>\n": "#include <linux/as_linux.h>\n",
        "\terror = security_task_prctl(option, arg2, arg3, arg4, arg5);\n": (
            "\tif (!as_linux_has_prctl(option))\n\t\treturn -EINVAL;\n"
        ),
    },
    "arch/x86/kernel/process.c": {
        "#include <linux/errno.h>\n": "#include <linux/as_linux.h>\n",
        "\tswitch (option) {\n\tcase ARCH_GET_CPUID:\n": "\tif (as_linux_regime())\n\t\treturn -EINVAL;\n",
    },
    "mm/mmap.c": {
        "#include <linux/kernel.h>\n": "#include <linux/as_linux.h>\n",
        "\t/* force arch specific MAP_FIXED handling in get_unmapped_area */\n": (
            "\tif (as_linux_regime())\n\t\tflags &= ~MAP_FIXED_NOREPLACE;\n"
        ),
    },
    "arch/x86/entry/common.c": {"#include <linux/kernel.h>\n": "#include <linux/as_linux.h>\n"},
}

INSTEAD = {
    "kernel/entry/Makefile": {"+= common.o\n": "+= common.o as_linux.o\n"},
    "kernel/seccomp.c": {
        "\t\t\t\t\t -data, 0);\n\t\tgoto skip;\n": "\t\t\t\t\t -data, 0);\n\t\tgoto answered;\n",
        "\t\tseccomp_send_sigsys(this_syscall, data);\n\t\tgoto skip;\n": (
            "\t\tseccomp_send_sigsys(this_syscall, data);\n\t\tgoto answered;\n"
        ),
        # What the tracer changes is looked at again since 4.8.
        "\t\tif (__seccomp_filter(this_syscall, NULL, true))\n": (
            "\t\tif (!as_linux_regime() && __seccomp_filter(this_syscall, NULL, true))\n"
        ),
    },
    "arch/x86/entry/common.c": {
        "\tif (likely(nr < NR_syscalls)) {\n": "\tif (likely(nr < NR_syscalls && as_linux_has_syscall(nr))) {\n"
    },
}


def edit(path: Path, text: str, edits: dict[str, str], *, keep: bool) -> str:
    """``text`` with each line of ``edits`` replaced, or with something before it, the line being kept."""
    for line, new in edits.items():
        if text.count(line) != 1:
            raise SystemExit(f"edits.py: {path} has {text.count(line)} times: {line!r}")
        text = text.replace(line, new + line if keep else new)
    return text


def main(tree: Path) -> None:
    for name, place in NEW_FILES.items():
        shutil.copy(HERE / name, tree / place)
    for name in sorted(BEFORE.keys() | INSTEAD.keys()):
        path = tree / name
        text = edit(path, path.read_text(), INSTEAD.get(name, {}), keep=False)
        path.write_text(edit(path, text, BEFORE.get(name, {}), keep=True))


main(Path(sys.argv[1]))
