/* A forked child begins with its parent's vector registers and rounding mode; execve gives fresh ones. */
#include "check.h"
#include <stdint.h>

static void load(const uint64_t *value) { asm volatile("movdqu %0, %%xmm7" : : "m"(*(const char(*)[16])value) : "xmm7"); }

int main(int count, char **arguments)
{
    unsigned short control;
    if (count > 1) {
        asm volatile("fnstcw %0" : "=m"(control));
        CHECK(__builtin_ia32_stmxcsr() == 0x1f80 && control == 0x37f && arguments[1][0] == 'x');
        _exit(4);
    }
    const uint64_t value[2] = {0x1122334455667788, 0x99aabbccddeeff00};
    uint64_t seen[2] = {0};
    long child;
    control = 0xf7f; /* x87 rounds towards zero */
    asm volatile("fldcw %0" : : "m"(control));
    __builtin_ia32_ldmxcsr(0x7f80);
    load(value);
    asm volatile("syscall; movdqu %%xmm7, %1" : "=a"(child), "=m"(seen) : "a"(SYS_fork) : "rcx", "r11", "memory");
    CHECK(child >= 0 && seen[0] == value[0] && seen[1] == value[1] && __builtin_ia32_stmxcsr() == 0x7f80);
    asm volatile("fnstcw %0" : "=m"(control));
    CHECK(control == 0xf7f);
    if (child == 0) {
        execl("/proc/self/exe", "program", "x", NULL);
        _exit(1);
    }
    reap(child, 4 << 8);
    puts("inherited and fresh");
    return 0;
}
