/* A SIGSEGV inside the handler of SIGSEGV, and a frame that does not fit on the stack: both kill. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>

static int *volatile nowhere;

static void faults(int signal) { *nowhere = signal; }

int main(void)
{
    int status;
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
    pid_t child = forked();
    if (child == 0) {
        signal(SIGSEGV, faults);
        *nowhere = 1;
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    child = forked();
    if (child == 0) {
        signal(SIGUSR1, faults);
        long self = getpid();
        asm volatile("mov $0x1000, %%rsp; mov $62, %%eax; syscall; ud2" : : "D"(self), "S"(SIGUSR1) : "rax", "rcx", "r11", "memory");
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    puts("two deaths");
    return 0;
}
