/* Code with nothing free within two gigabytes of it, where no jump of five bytes leads anywhere.
 * Output: varies
 * Used by: no test yet, as replay can only stop at each visit here, ten microseconds each
 * Compile: -pthread */
#include "interrupted.h"

#include <sys/mman.h>

static uint64_t counter;
static void (*made)(volatile uint64_t *counter, volatile uint64_t *over);

/* 1: addq $1, (%rdi); addq $0, 0(%rdi); cmpq $0, (%rsi); je 1b; ret */
static const unsigned char code[] = {0x48, 0x81, 0x07, 1, 0, 0, 0, 0x48, 0x81, 0x87, 0, 0, 0, 0, 0, 0, 0, 0, 0x48, 0x83, 0x3e, 0x00, 0x74, 0xe8, 0xc3};

static void runs(void)
{
    made(&counter, &over);
    reached = counter;
}

int main(void)
{
    uint64_t size = 5ull << 30;
    char *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SKIP_UNLESS(place != MAP_FAILED, "no address space of five gigabytes");
    place += size / 2;
    CHECK(mprotect(place, 4096, PROT_READ | PROT_WRITE) == 0);
    memcpy(place, code, sizeof code);
    CHECK(mprotect(place, 4096, PROT_READ | PROT_EXEC) == 0);
    made = (void (*)(volatile uint64_t *, volatile uint64_t *))place;
    watched = &counter;
    in_both_ways("in the middle of nothing", runs);
    return 0;
}
