/* The main stack grows by megabytes, a page at a time, and by one syscall that writes far below. */
#include "check.h"

static __attribute__((noinline)) int depth(int left)
{
    volatile char page[4000];
    page[0] = left;
    page[3999] = left;
    return left ? depth(left - 1) + (page[0] == page[3999]) : 0;
}

static int kernel_writes_below(void)
{
    char buffer[1 << 20];
    int zero = open("/dev/zero", O_RDONLY), sum = 0;
    CHECK(zero >= 0 && read(zero, buffer, sizeof buffer) == sizeof buffer);
    for (size_t i = 0; i < sizeof buffer; i += 512)
        sum += buffer[i];
    return sum;
}

int main(void)
{
    CHECK(depth(500) == 500);
    CHECK(kernel_writes_below() == 0);
    CHECK(depth(1500) == 1500);
    puts("six megabytes deep");
    return 0;
}
