/* Code made at run time: in a page that is writable, in one that was; at the very end of a page.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

#include <sys/mman.h>

static uint64_t counter;
static void (*made)(volatile uint64_t *counter, volatile uint64_t *over);

/* 1: incq (%rdi); cmpq $0, (%rsi); je 1b; ret */
static const unsigned char code[] = {0x48, 0xff, 0x07, 0x48, 0x83, 0x3e, 0x00, 0x74, 0xf7, 0xc3};

static void runs(void)
{
    made(&counter, &over);
    reached = counter;
}

static void *pages(int protection, int flags, int file)
{
    void *place = mmap(NULL, 8192, protection, flags, file, 0);
    CHECK(place != MAP_FAILED);
    return place;
}

static void from_place(const char *name, void *place)
{
    made = (void (*)(volatile uint64_t *, volatile uint64_t *))place;
    in_both_ways(name, runs);
}

int main(void)
{
    enum { ALL = PROT_READ | PROT_WRITE | PROT_EXEC, OWN = MAP_PRIVATE | MAP_ANONYMOUS };
    watched = &counter;
    char *place = pages(ALL, OWN, -1);
    from_place("writable", memcpy(place, code, sizeof code));

    CHECK(mprotect(place, 4096, PROT_READ | PROT_EXEC) == 0);
    from_place("no longer writable", place);
    CHECK(mprotect(place, 4096, PROT_EXEC) == 0);
    from_place("executable only", place);

    place = pages(ALL, OWN, -1);
    CHECK(munmap(place + 4096, 4096) == 0);
    from_place("end of a page", memcpy(place + 4096 - sizeof code, code, sizeof code));

    place = pages(ALL, OWN, -1);
    from_place("across pages", memcpy(place + 4096 - 5, code, sizeof code));
    return 0;
}
