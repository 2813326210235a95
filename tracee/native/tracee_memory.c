/* A tracee's memory, by the quickest way that reaches it. */
#define _GNU_SOURCE
#include "native.h"
#include "ptrace_request.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The tracee's memory by /proc/TID/mem, which ignores page protection, or word by word where even that is refused
 * (an undumpable process of an unprivileged user). */
static int open_memory(int tid, int flags)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/mem", tid);
    return open(path, flags | O_CLOEXEC);
}

static uint64_t peek(int tid, uint64_t address, uint8_t *buffer, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        uint64_t base = (address + done) & ~7ull, skip = address + done - base, value;
        if (ptrace_request(PTRACE_PEEKDATA, tid, base, word(&value)) != 0)
            break;
        uint64_t part = 8 - skip < length - done ? 8 - skip : length - done;
        memcpy(buffer + done, (uint8_t *)&value + skip, part);
        done += part;
    }
    return done;
}

static uint64_t poke(int tid, uint64_t address, const uint8_t *buffer, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        uint64_t base = (address + done) & ~7ull, skip = address + done - base, value;
        uint64_t part = 8 - skip < length - done ? 8 - skip : length - done;
        if (ptrace_request(PTRACE_PEEKDATA, tid, base, word(&value)) != 0)
            break;
        memcpy((uint8_t *)&value + skip, buffer + done, part);
        if (ptrace_request(PTRACE_POKEDATA, tid, base, value) != 0)
            break;
        done += part;
    }
    return done;
}

static int64_t read_slowly(int tid, uint64_t address, uint8_t *buffer, uint64_t length)
{
    int descriptor = open_memory(tid, O_RDONLY);
    if (descriptor < 0)
        return (int64_t)peek(tid, address, buffer, length);
    uint64_t done = 0;
    while (done < length) {
        ssize_t part = pread(descriptor, buffer + done, length - done, (off_t)(address + done));
        if (part <= 0)
            break;
        done += (uint64_t)part;
    }
    close(descriptor);
    return (int64_t)done;
}

int64_t redrive_read(int tid, uint64_t address, void *buffer, uint64_t length)
{
    struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
    ssize_t done = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    if (done == (ssize_t)length)
        return done;
    /* process_vm_readv respects page protection and stops at whole iovecs; the rest may still be readable. */
    uint64_t got = done > 0 ? (uint64_t)done : 0;
    int64_t rest = read_slowly(tid, address + got, (uint8_t *)buffer + got, length - got);
    return (int64_t)got + rest;
}

int64_t redrive_write(int tid, uint64_t address, const void *buffer, uint64_t length)
{
    struct iovec local = {(void *)(uintptr_t)buffer, length}, remote = {(void *)(uintptr_t)address, length};
    ssize_t done = process_vm_writev(tid, &local, 1, &remote, 1, 0);
    if (done == (ssize_t)length)
        return done;
    uint64_t moved = done > 0 ? (uint64_t)done : 0;
    int descriptor = open_memory(tid, O_RDWR);
    while (descriptor >= 0 && moved < length) {
        ssize_t part = pwrite(descriptor, (const uint8_t *)buffer + moved, length - moved, (off_t)(address + moved));
        if (part <= 0)
            break;
        moved += (uint64_t)part;
    }
    if (descriptor >= 0)
        close(descriptor);
    /* Where that is refused, or has respected page protection, as a system may have it since Linux 6.12 (its
     * proc_mem.force_override). */
    return (int64_t)(moved + poke(tid, address + moved, (const uint8_t *)buffer + moved, length - moved));
}

int64_t redrive_gather(int tid, unsigned count, const uint64_t *addresses, const uint64_t *lengths, void *buffer)
{
    struct iovec remote[64];
    uint64_t total = 0;
    if (count == 0 || count > 64)
        return count ? -EINVAL : 0;
    for (unsigned i = 0; i < count; i++) {
        remote[i] = (struct iovec){(void *)(uintptr_t)addresses[i], lengths[i]};
        total += lengths[i];
    }
    struct iovec local = {buffer, total};
    if (process_vm_readv(tid, &local, 1, remote, count, 0) == (ssize_t)total)
        return (int64_t)total;
    uint64_t done = 0;
    for (unsigned i = 0; i < count; i++) {
        if (redrive_read(tid, addresses[i], (uint8_t *)buffer + done, lengths[i]) != (int64_t)lengths[i])
            return -EFAULT;
        done += lengths[i];
    }
    return (int64_t)done;
}
