/* Interrupted with the direction flag set: the handler finds it clear, and it is set again behind it.
 * Output: varies
 * Compile: -pthread -mno-red-zone */
#include "interrupted.h"

static char text[200] __attribute__((used)) = "0123456789";

static void handler_moves(int signal)
{
    char copy[200];
    uint64_t flags;
    (void)signal;
    asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
    CHECK((flags & 0x400) == 0);
    void *to = copy, *from = text;
    uint64_t count = sizeof copy;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    CHECK(memcmp(copy, text, sizeof copy) == 0);
    if (++ticks == TICKS)
        over = 1;
}

static void backwards(void)
{
    uint64_t count = 0;
    asm volatile("1: std; leaq text+9(%%rip), %%rsi; mov $10, %%ecx; 3: lodsb; movzbl %%al, %%eax; addq %%rax, %0; loop 3b; "
                 "leaq text-1(%%rip), %%rax; cmp %%rax, %%rsi; jne 4f; cmpq $0, over(%%rip); je 1b; cld; jmp 5f; 4: ud2; 5:"
                 : "+r"(count) : : "rax", "rcx", "rsi", "cc", "memory");
    reached = count;
}

int main(void)
{
    over = ticks = 0;
    CHECK(signal(SIGALRM, handler_moves) != SIG_ERR);
    every_millisecond();
    backwards();
    no_longer();
    printf("%lu\n", reached);
    by_thread(backwards);
    printf("%lu beside a thread\n", reached);
    return 0;
}
