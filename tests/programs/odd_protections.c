/* What mprotect and mmap take besides the usual: PROT_GROWSDOWN, which reaches down to the mapping's start, PROT_SEM, which
   says nothing on x86, and MAP_DROPPABLE of Linux 6.11. */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
enum { PAGE = 4096, PROT_SEM_BIT = 8, PROT_GROWSDOWN_BIT = 0x01000000 };

int main(void)
{
    char *area = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED && munmap(area, 64 * PAGE) == 0);
    char *grows = area + 32 * PAGE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED;
    CHECK(mmap(grows, 8 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == grows);
    memset(grows, 'g', 8 * PAGE);
    CHECK(mprotect(grows + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN_BIT) == 0);
    memcpy(grows + PAGE, "\xb8\x2a\x00\x00\x00\xc3" /* mov $42, %eax; ret */, 6);
    CHECK(((int (*)(void))(void *)(grows + PAGE))() == 42 && grows[5 * PAGE] == 'g');
    CHECK(mprotect(grows + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_SEM_BIT) == 0);
    grows[6 * PAGE] = 's';
    char *droppable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_DROPPABLE, -1, 0);
    if (droppable != MAP_FAILED)
        droppable[0] = 'd';
    printf("%c%c\n", grows[5 * PAGE], grows[6 * PAGE]);
    return 0;
}
