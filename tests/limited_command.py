"""python limited_command.py BYTES SECONDS REPORT CMD...: runs CMD within limits, and writes what it took to REPORT.

By a process of its own, as the kernel counts as a program's memory what the process had that was forked for it
(begin_new_exec of fs/exec.c), and a test runner may have much.
"""

from __future__ import annotations

import json
import os
import resource
import sys


def main() -> None:
    address_space, seconds = int(sys.argv[1]), int(sys.argv[2])
    report, command = sys.argv[3], sys.argv[4:]
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    with open(report, "w") as file:
        json.dump([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10], file)


if __name__ == "__main__":
    main()
