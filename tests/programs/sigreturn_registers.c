/* A handler that changes every general register and the flags of what it interrupted. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

long after[15];
unsigned char carry;
void interrupted(void);

/* Keeps what C wants back, is interrupted at ud2, and stores all registers as sigreturn left them. */
asm("interrupted:\n"
    "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
    "clc; ud2; setc carry(%rip)\n"
    "mov %r8, after(%rip); mov %r9, after+8(%rip); mov %r10, after+16(%rip); mov %r11, after+24(%rip)\n"
    "mov %r12, after+32(%rip); mov %r13, after+40(%rip); mov %r14, after+48(%rip); mov %r15, after+56(%rip)\n"
    "mov %rdi, after+64(%rip); mov %rsi, after+72(%rip); mov %rbp, after+80(%rip); mov %rbx, after+88(%rip)\n"
    "mov %rdx, after+96(%rip); mov %rax, after+104(%rip); mov %rcx, after+112(%rip)\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret");

static void handler(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    (void)info;
    for (int i = REG_R8; i <= REG_RCX; i++)
        registers[i] = 0x1111111111111111UL * (i + 1);
    registers[REG_RIP] += 2;
    registers[REG_EFL] |= 1;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGILL, &action, NULL) == 0);
    for (int round = 0; round < 3; round++) {
        interrupted();
        for (int i = 0; i < 15; i++)
            CHECK(after[i] == (long)(0x1111111111111111UL * (i + 1)));
        CHECK(carry == 1);
    }
    puts("fifteen registers and a flag");
    return 0;
}
