/* Three hundred handlers, each interrupting the one before, all returning; frames deep down the stack. */
#include "check.h"
#include <signal.h>

static volatile int depth, deepest;

static void handler(int signal)
{
    if (++depth > deepest)
        deepest = depth;
    if (depth < 300)
        raise(signal);
    depth--;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_NODEFER};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0);
    CHECK(deepest == 300 && depth == 0);
    puts("three hundred deep");
    return 0;
}
