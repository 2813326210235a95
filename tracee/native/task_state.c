/* What a stopped task holds besides its memory. */
#define _GNU_SOURCE
#include "native.h"
#include "ptrace_request.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>

/* Newer than the oldest headers we build with. */
#define REQUEST_GETSIGMASK 0x420a
#define REQUEST_SETSIGMASK 0x420b
#define NOTE_X86_XSTATE 0x202

_Static_assert(sizeof(struct redrive_registers) == sizeof(struct user_regs_struct), "registers as in sys/user.h");

int redrive_request(int number, int tid, uint64_t address, uint64_t data)
{
    return (int)ptrace_request(number, tid, address, data);
}

int redrive_set_registers(int tid, const struct redrive_registers *registers)
{
    return (int)ptrace_request(PTRACE_SETREGS, tid, 0, word(registers));
}

int redrive_get_registers(int tid, struct redrive_registers *registers)
{
    return (int)ptrace_request(PTRACE_GETREGS, tid, 0, word(registers));
}

int64_t redrive_get_xstate(int tid, void *buffer, uint64_t length)
{
    struct iovec vector = {buffer, length};
    long failed = ptrace_request(PTRACE_GETREGSET, tid, NOTE_X86_XSTATE, word(&vector));
    return failed ? failed : (int64_t)vector.iov_len;
}

int redrive_set_xstate(int tid, const void *buffer, uint64_t length)
{
    struct iovec vector = {(void *)(uintptr_t)buffer, length};
    return (int)ptrace_request(PTRACE_SETREGSET, tid, NOTE_X86_XSTATE, word(&vector));
}

int redrive_get_signal_mask(int tid, uint64_t *mask)
{
    return (int)ptrace_request(REQUEST_GETSIGMASK, tid, sizeof *mask, word(mask));
}

int redrive_set_signal_mask(int tid, uint64_t mask)
{
    return (int)ptrace_request(REQUEST_SETSIGMASK, tid, sizeof mask, word(&mask));
}

int redrive_set_siginfo(int tid, const void *siginfo)
{
    return (int)ptrace_request(PTRACE_SETSIGINFO, tid, 0, word(siginfo));
}

int redrive_set_debug_register(int tid, int number, uint64_t value)
{
    return (int)ptrace_request(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg) + 8 * (uint64_t)number, value);
}

int redrive_file_identity(int tid, int descriptor, uint64_t *device_and_inode)
{
    char path[48];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", tid, descriptor);
    if (stat(path, &status))
        return -errno;
    device_and_inode[0] = status.st_dev;
    device_and_inode[1] = status.st_ino;
    return 0;
}

int redrive_tgkill(int tgid, int tid, int signal)
{
    return syscall(SYS_tgkill, tgid, tid, signal) ? -errno : 0;
}
