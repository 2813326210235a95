/* MAP_GROWSDOWN: the kernel extends the mapping when the page below is touched, by the program or for it. */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 2000 };
static volatile int handled;

static void handler(int signal)
{
    volatile char room[PAGE * 3];
    room[0] = room[sizeof room - 1] = signal;
    handled++;
}

int main(void)
{
    char *area = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(area != MAP_FAILED && munmap(area, PAGES * PAGE) == 0);
    char *top = area + (PAGES - 1) * PAGE;
    CHECK(mmap(top, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0) == top);
    for (int i = 1; i <= 100; i++) {
        CHECK(top[-i * PAGE] == 0);
        top[-i * PAGE] = i;
    }
    int zero = open("/dev/zero", O_RDONLY);
    CHECK(zero >= 0 && read(zero, top - 102 * PAGE, PAGE) == PAGE);
    stack_t alternate = {.ss_sp = top - 110 * PAGE, .ss_size = 10 * PAGE};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    CHECK(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0 && handled == 1);
    for (int i = 1; i <= 99; i++)
        CHECK(top[-i * PAGE] == i);
    puts("grown by a hundred pages");
    return 0;
}
