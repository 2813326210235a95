/* Threads by bare clone: CHILD_SETTID, PARENT_SETTID, SETTLS, CHILD_CLEARTID's write and wake-up, moved by set_tid_address. */
#include "threads.h"
#include <sched.h>

enum { THREADS = 5, STACK = 65536 };

static char stacks[THREADS][STACK] __attribute__((aligned(16)));
static volatile uint32_t parent_sees[THREADS], child_sees[THREADS], moved[THREADS];
static volatile long tls[THREADS][4], found[THREADS];

static int thread_main(void *argument)
{
    long number = (long)argument, base;
    asm volatile("movq %%fs:8, %0" : "=r"(base));
    found[number] = base * 10 + (child_sees[number] == parent_sees[number]);
    /* No libc from here on: fs is not as it expects.  usleep(1000 * number) */
    long time[2] = {0, 1000000 * number}, result = SYS_nanosleep;
    asm volatile("syscall" : "+a"(result) : "D"(time), "S"(0) : "rcx", "r11", "memory");
    if (number % 2) {
        result = SYS_set_tid_address;
        asm volatile("syscall" : "+a"(result) : "D"(&moved[number]) : "rcx", "r11", "memory");
        found[number] = found[number] * 10 + (result == (long)parent_sees[number]);
    }
    return (int)number;
}

int main(void)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    for (long i = 0; i < THREADS; i++) {
        moved[i] = child_sees[i] = 1; /* CHILD_SETTID is written by the child */
        tls[i][1] = 40 + i;
        int tid = clone(thread_main, stacks[i] + STACK, flags, (void *)i, &parent_sees[i], tls[i], &child_sees[i]);
        CHECK(tid > 0 && parent_sees[i] == (unsigned)tid);
    }
    for (int i = 0; i < THREADS; i++) {
        volatile uint32_t *word = i % 2 ? &moved[i] : &child_sees[i];
        for (uint32_t seen; (seen = *word) != 0;)
            CHECK(futex(word, FUTEX_WAIT, seen, NULL, NULL, 0) == 0 || errno == EAGAIN);
        CHECK(child_sees[i] == (i % 2 ? parent_sees[i] : 0));
        printf("thread %d is gone, having found %ld\n", i, found[i]);
    }
    return 0;
}
