/* Endless recursion runs into the stack's limit and dies there, with a limit set by the program itself too.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>

static __attribute__((noinline)) long endless(volatile char *above)
{
    volatile char page[1000];
    page[0] = above[0];
    return page[0] ? endless(page) + page[0] : 0;
}

int main(void)
{
    int status;
    for (int megabytes = 1; megabytes <= 4; megabytes *= 2) {
        pid_t child = forked();
        if (child == 0) {
            struct rlimit limit;
            CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0 && getrlimit(RLIMIT_STACK, &limit) == 0);
            limit.rlim_cur = megabytes << 20;
            CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
            printf("from %p\n", (void *)&limit);
            fflush(stdout);
            _exit(endless((volatile char *)"x"));
        }
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
    return 0;
}
