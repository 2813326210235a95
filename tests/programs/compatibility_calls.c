/* int 0x80 in a 64-bit program: the 32-bit table of syscalls, where 20 is getpid and not writev.
 * Used by: test_refusals.py */
#include "check.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;

static void handler(int signal) { siglongjmp(back, signal); }

int main(void)
{
    long result = -1;
    CHECK(write(1, "before\n", 7) == 7);
    CHECK(signal(SIGSEGV, handler) != SIG_ERR);
    if (sigsetjmp(back, 1) != 0) {
        puts("no 32-bit syscalls");
        return 0;
    }
    asm volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    printf("int 0x80: %ld\n", result);
    CHECK(result == getpid() || result == -ENOSYS);
    return 0;
}
