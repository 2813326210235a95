"""The vsyscall page: three old syscalls at fixed addresses, which kernels from 3.1 on emulate (vsyscall_64.c)."""

VSYSCALL_PAGE = 0xFFFF_FFFF_FF60_0000
VSYSCALL_NUMBERS = {VSYSCALL_PAGE: 96, VSYSCALL_PAGE + 0x400: 201, VSYSCALL_PAGE + 0x800: 309}
"""Address of the entry: gettimeofday, time, getcpu."""
