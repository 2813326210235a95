/* rep movsb, stosb, stosq, cmpsb, scasb, backwards too, interrupted half way: how far memory was written is what the handler sees.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

#include <sys/mman.h>

enum { SIZE = 24 << 20 };

static unsigned char *from, *to;
static unsigned char fill;

/* Where `fill` ends in the destination. */
static void on_string_tick(int signal)
{
    (void)signal;
    uint64_t low = 0, high = SIZE;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (to[middle] == fill)
            low = middle + 1;
        else
            high = middle;
    }
    seen = seen * 31 + low;
    if (++ticks == TICKS)
        over = 1;
}

static void stores(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to;
        uint64_t count = SIZE;
        fill++;
        asm volatile("rep stosb" : "+D"(place), "+c"(count) : "a"(fill) : "memory");
    }
}

static void stores_words(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to;
        uint64_t count = SIZE / 8;
        fill++;
        asm volatile("rep stosq" : "+D"(place), "+c"(count) : "a"(fill * 0x0101010101010101) : "memory");
    }
}

static void moves(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to, *source = from;
        uint64_t count = SIZE;
        memset(from, ++fill, SIZE);
        asm volatile("rep movsb" : "+D"(place), "+S"(source), "+c"(count) : : "memory");
    }
}

static void moves_backwards(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to + SIZE - 1, *source = from + SIZE - 1;
        uint64_t count = SIZE;
        asm volatile("std; rep movsb; cld" : "+D"(place), "+S"(source), "+c"(count) : : "memory", "cc");
    }
}

static void compares(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to, *source = from;
        uint64_t count = SIZE;
        asm volatile("repe cmpsb" : "+D"(place), "+S"(source), "+c"(count) : : "memory", "cc");
        CHECK(count == 0);
    }
}

static void scans(void)
{
    for (reached = 0; !over; reached++) {
        void *place = to;
        uint64_t count = SIZE;
        asm volatile("repne scasb" : "+D"(place), "+c"(count) : "a"(fill + 1) : "memory", "cc");
        CHECK(count == 0);
    }
}

static void both_ways(const char *name, void (*loop)(void))
{
    over = ticks = seen = 0;
    CHECK(signal(SIGALRM, on_string_tick) != SIG_ERR);
    every_millisecond();
    loop();
    no_longer();
    printf("%s: %lu, at the ticks %lx\n", name, reached, seen);
    by_thread(loop);
    printf("%s: %lu beside a thread\n", name, reached);
}

int main(void)
{
    from = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(from != MAP_FAILED);
    to = from + SIZE;
    both_ways("rep stosb", stores);
    both_ways("rep stosq", stores_words);
    both_ways("rep movsb", moves);
    both_ways("rep movsb backwards", moves_backwards);
    memset(from, fill, SIZE);
    memset(to, fill, SIZE);
    both_ways("repe cmpsb", compares);
    both_ways("repne scasb", scans);
    return 0;
}
