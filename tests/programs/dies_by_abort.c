/* abort, with a handler for SIGABRT that returns.
 * Exit: -6 */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>

static void handler(int signal)
{
    (void)signal;
    CHECK(write(1, "handled\n", 8) == 8);
}

int main(void)
{
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0 && signal(SIGABRT, handler) != SIG_ERR);
    abort();
}
