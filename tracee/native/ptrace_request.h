/* ptrace(2) by its raw syscall: glibc's wrapper treats the PEEK requests specially. */
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long ptrace_request(int number, int tid, uint64_t address, uint64_t data)
{
    long result = syscall(SYS_ptrace, (long)number, (long)tid, address, data);
    return result < 0 ? -errno : result;
}

static inline uint64_t word(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}
