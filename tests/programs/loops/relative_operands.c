/* Operands relative to rip, of all sizes, with immediates behind them, in every instruction of the loop.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static struct {
    uint64_t quad;
    uint32_t word;
    uint16_t half;
    uint8_t byte;
    uint64_t vector[4] __attribute__((aligned(32)));
    double real;
    void *target;
} data;

static void all_sizes(void)
{
    asm volatile("leaq 4f(%%rip), %%rax; movq %%rax, %[target];"
                 "1: addb $3, %[byte]; addw $0x1234, %[half]; addl $0x12345678, %[word]; addq $-5, %[quad];"
                 "imulq $7, %[quad], %%rcx; testb $1, %[byte]; cmovnzl %[word], %%ecx; movzbl %[byte], %%edx; movswq %[half], %%rdi;"
                 "bsrl %[word], %%edx; shlq $1, %[vector]; sbbq %%rax, %[quad]; lock btsl $5, %[word];"
                 "movdqa %[vector], %%xmm1; paddq %[vector], %%xmm1; pshufd $0x1b, %[vector], %%xmm2; movdqa %%xmm1, %[vector];"
                 "addsd %[real], %%xmm3; cvtsi2sdl %[word], %%xmm4; mulsd %%xmm4, %%xmm3; fldl %[real]; fistpll %[quad];"
                 "pushq %[quad]; popq %[quad]; jmp *%[target]; ud2; 4: setc %[byte]; incq %[quad]; " UNTIL_OVER
                 : [byte] "+m"(data.byte), [half] "+m"(data.half), [word] "+m"(data.word), [quad] "+m"(data.quad), [vector] "+m"(data.vector),
                   [real] "+m"(data.real), [target] "=m"(data.target)
                 : : "rax", "rcx", "rdx", "rdi", "xmm1", "xmm2", "xmm3", "xmm4", "cc", "memory");
    reached = data.half + data.word;
}

int main(void)
{
    data.real = 1.5;
    data.vector[0] = 1, data.vector[1] = 3;
    watched = data.vector;
    in_both_ways("all sizes", all_sizes);
    return 0;
}
