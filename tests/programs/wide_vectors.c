/* The upper halves of AVX registers and AVX-512's masks, where the processor has them, across syscalls, handlers and fork. */
#include "check.h"
#include <signal.h>

static void handler(int signal)
{
    (void)signal;
    asm volatile("vzeroall" : : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                 "xmm13", "xmm14", "xmm15");
}

int main(void)
{
    SKIP_UNLESS(__builtin_cpu_supports("avx"), "no AVX");
    static unsigned char value[32], seen[32];
    unsigned mask = 0x5a5a, mask_seen = mask;
    int wide = __builtin_cpu_supports("avx512f");
    CHECK(signal(SIGUSR1, handler) != SIG_ERR);
    for (int i = 0; i < 32; i++)
        value[i] = i * 7 + 1;
    for (int round = 0; round < 10; round++) {
        long result = round == 9 ? SYS_fork : SYS_kill, self = getpid();
        memset(seen, 0, sizeof seen);
        if (wide)
            asm volatile("kmovw %0, %%k3" : : "r"(mask));
        asm volatile("vmovdqu %2, %%ymm9; syscall; vmovdqu %%ymm9, %1"
                     : "+a"(result), "=m"(seen)
                     : "m"(value), "D"(self), "S"(SIGUSR1)
                     : "rcx", "r11", "xmm9", "memory");
        if (wide)
            asm volatile("kmovw %%k3, %0" : "=r"(mask_seen));
        CHECK(memcmp(value, seen, sizeof value) == 0 && mask == mask_seen && result >= 0);
        if (round == 9 && result == 0)
            _exit(3);
        if (round == 9)
            reap(result, 3 << 8);
    }
    puts("wide registers kept");
    return 0;
}
