#include "native.h"

/* The runner.  rbx points at a list of calls of eight words each:
 *
 *     number, six arguments, flags
 *
 * A negative number ends the list.  Flag bit n (0 to 5) says that argument n is the address of a 32-bit integer to be
 * passed instead, bit 8 that the call may fail; where another call fails, the runner stops with rbx still pointing at it
 * and the error in rax.  It uses general registers only, no stack, and needs no particular address. */
__asm__(".pushsection .rodata\n"
        ".macro redrive_argument index, register\n"
        "    mov 8+8*\\index(%rbx), \\register\n"
        "    bt $\\index, %r12d\n"
        "    jnc .Lgiven\\index\n"
        "    movslq (\\register), \\register\n"
        ".Lgiven\\index:\n"
        ".endm\n"
        "redrive_stub_start:\n"
        ".Lcall:\n"
        "    mov (%rbx), %rax\n"
        "    test %rax, %rax\n"
        "    js .Lstop\n"
        "    mov 56(%rbx), %r12\n"
        "    redrive_argument 0, %rdi\n"
        "    redrive_argument 1, %rsi\n"
        "    redrive_argument 2, %rdx\n"
        "    redrive_argument 3, %r10\n"
        "    redrive_argument 4, %r8\n"
        "    redrive_argument 5, %r9\n"
        "    syscall\n"
        "    bt $8, %r12d\n"
        "    jc .Lnext\n"
        "    cmp $-4095, %rax\n"
        "    jae .Lstop\n"
        ".Lnext:\n"
        "    add $64, %rbx\n"
        "    jmp .Lcall\n"
        ".Lstop:\n"
        "    int3\n"
        "redrive_stub_end:\n"
        ".popsection\n");

extern const uint8_t redrive_stub_start[], redrive_stub_end[];

const void *redrive_stub_code(uint32_t *length)
{
    *length = (uint32_t)(redrive_stub_end - redrive_stub_start);
    return redrive_stub_start;
}
