/* A loop that writes over itself: the operand of an instruction, an instruction, the code of its callee.
 * Chaos: replay stops at each visit of code that the program rewrites
 * Output: varies
 * The loops are slow, by pauses: replay can only stop at each visit here, ten microseconds each.
 * Compile: -pthread */
#include "interrupted.h"

#include <sys/mman.h>

static unsigned char *page;

#define PAUSES 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90, 0xf3, 0x90

/* 1: incl 1(%rip), which is the next instruction's operand; mov $0, %eax; pauses; cmpq $0, (%rsi); je 1b; ret */
static const unsigned char counts_in_code[] = {0xff, 0x05, 1, 0, 0, 0, 0xb8, 0, 0, 0, 0, PAUSES, 0x48, 0x83, 0x3e, 0x00, 0x74, 0xdf, 0xc3};

static void counts(void)
{
    uint32_t count;
    asm volatile("call *%%rcx" : "=a"(count) : "c"(page), "S"(&over) : "cc", "memory");
    reached = count;
}

static void rewrites(void)
{
    /* The callee is lea N(%rdi), %rax; ret, with another N each time. */
    unsigned char *callee = page + 1024;
    memcpy(callee, "\x48\x8d\x47\x00\xc3", 5);
    uint64_t sum = 0, rounds = 0;
    while (!over) {
        for (int i = 0; i < 8; i++)
            __builtin_ia32_pause();
        *(volatile unsigned char *)(callee + 3) = (unsigned char)rounds++;
        sum = ((uint64_t(*)(uint64_t))callee)(sum);
    }
    reached = sum;
}

static void replaces_instruction(void)
{
    /* inc %eax (ff c0) becomes dec %eax (ff c8) and back: flips a bit of its own second byte. */
    static const unsigned char flips[] = {0xff, 0xc0, 0x80, 0x35, 0xf8, 0xff, 0xff, 0xff, 0x08, PAUSES, 0x48, 0x83, 0x3e, 0x00, 0x74, 0xe1, 0xc3};
    uint32_t value;
    memcpy(page + 2048, flips, sizeof flips);
    asm volatile("call *%%rcx" : "=a"(value) : "0"(0), "c"(page + 2048), "S"(&over) : "cc", "memory");
    reached = value * 1000 + page[2049];
}

int main(void)
{
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    memcpy(page, counts_in_code, sizeof counts_in_code);
    in_both_ways("operand", counts);
    in_both_ways("callee", rewrites);
    in_both_ways("instruction", replaces_instruction);
    return 0;
}
