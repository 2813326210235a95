/* Thread-local storage: every thread has its own, at fs; gs and fs may be moved, by arch_prctl and by wrgsbase.
 * Compile: -pthread */
#include "threads.h"
#include <asm/prctl.h>
#include <sched.h>
#include <sys/auxv.h>

enum { THREADS = 8, ROUNDS = 40 };

static __thread long small = 5;
static __thread char big[5000] __attribute__((aligned(64)));
static long areas[THREADS][8];

static long at_gs(void)
{
    long value;
    asm volatile("movq %%gs:16, %0" : "=r"(value));
    return value;
}

static void *uses_its_own(void *argument)
{
    long number = (long)argument, seen, base;
    areas[number][2] = 1000 + number;
    CHECK(small == 5 && big[4999] == 0 && (uintptr_t)big % 64 == 0);
    CHECK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base) == 0);
    asm volatile("movq %%fs:0, %0" : "=r"(seen));
    CHECK(base == seen); /* the thread's control block begins with its own address */
    CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, areas[number]) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        small += number;
        memset(big, (int)small, sizeof big);
        errno = (int)number;
        sched_yield();
        CHECK(errno == number && small == 5 + number * (round + 1) && big[2500] == (char)small && at_gs() == 1000 + number);
    }
    /* Another fs for two syscalls, in which nothing of libc may run. */
    areas[number][3] = 0xf5f5;
    long result = SYS_arch_prctl;
    asm volatile("syscall; mov %[gettid], %%eax; syscall; movq %%fs:24, %[seen]; mov %[set], %%eax; mov %[old], %%rsi; mov %[set_fs], %%edi; syscall"
                 : "+a"(result), [seen] "=&r"(seen)
                 : "D"((long)ARCH_SET_FS), "S"(areas[number]), [gettid] "i"(SYS_gettid), [set] "i"(SYS_arch_prctl), [set_fs] "i"(ARCH_SET_FS), [old] "r"(base)
                 : "rcx", "r11", "memory");
    CHECK(result == 0 && seen == 0xf5f5);
    if (getauxval(AT_HWCAP2) & 2) { /* FSGSBASE: the base changes without a syscall */
        asm volatile("wrgsbase %0" : : "r"(&areas[number][1]));
        areas[number][3] = 77 + number;
        sched_yield();
        CHECK(at_gs() == 77 + number);
    }
    return (void *)small;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(uses_its_own, (void *)i);
    for (int i = 0; i < THREADS; i++)
        printf("%ld ", (long)joined(threads[i]));
    printf("%ld\n", small);
    return 0;
}
