/* Makes the calls for which foreign_filter was given rules, and checks that they have the rules' answers.
 * Used by: test_foreign_filter.py */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <ucontext.h>

static void trapped(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    CHECK(signal == SIGSYS && info->si_code == 1 /* SYS_SECCOMP */ && interrupted->uc_mcontext.gregs[REG_RAX] == info->si_syscall);
    interrupted->uc_mcontext.gregs[REG_RAX] = 1000 + info->si_syscall;
}

static void errors(void)
{
    CHECK_FAILS(syscall(SYS_getpgrp), 123);
    CHECK(syscall(SYS_getuid) == 0); /* RET_ERRNO(0) */
    CHECK_FAILS(syscall(SYS_getpriority, PRIO_PROCESS, 0), ENOSYS);
    CHECK_FAILS(syscall(SYS_link, "/nowhere/a", "/nowhere/b"), ELOOP);
    /* One that the recorder refuses, and one that it answers itself. */
    CHECK_FAILS(syscall(SYS_userfaultfd, 0), 97);
    int mode = 77;
    CHECK_FAILS(prctl(PR_GET_TSC, &mode), 99);
    CHECK(mode == 77);
}

/* Those that the recorder makes the kernel skip: filters must not be asked about the number that it puts there. */
static void skipped(void)
{
    CHECK(prctl(PR_GET_DUMPABLE) == 1 && prctl(PR_SET_DUMPABLE, 1) == 0);
    CHECK(prctl(PR_GET_SECCOMP) == 2);
    CHECK(syscall(SYS_sched_getaffinity, 0, 128, (char[128]){0}) > 0);
    CHECK(syscall(SYS_io_uring_setup, 0, NULL) == -1);
}

static void traps(void)
{
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSYS, &action, NULL) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(syscall(SYS_getsid, 0) == 1000 + SYS_getsid);
    /* Calls whose result the recorder looks into. */
    CHECK(syscall(SYS_mremap, 0, 4096, 8192, MREMAP_MAYMOVE, 0) == 1000 + SYS_mremap);
    CHECK(syscall(SYS_shmat, 0, 0, 0) == 1000 + SYS_shmat);
    int ends[2] = {7, 8};
    CHECK(syscall(SYS_pipe, ends) == 1000 + SYS_pipe && ends[0] == 7 && ends[1] == 8);
}

static void deaths(void)
{
    pid_t child = forked();
    if (child == 0) {
        syscall(SYS_sched_get_priority_min, 0);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void supervised(void)
{
    CHECK(syscall(SYS_getsid, 0) == 17);
    struct sysinfo known = {0};
    CHECK(sysinfo(&known) == 0 && known.uptime > 0);
    printf("up for %ld, %lu free\n", known.uptime, known.freeram);
    pid_t child = forked();
    if (child == 0) {
        CHECK(syscall(SYS_getsid, 0) == 17 && sysinfo(&known) == 0);
        printf("%lu free\n", known.freeram);
        exit(0);
    }
    reap(child, 0);
}

int main(int count, char **arguments)
{
    static const struct { const char *name; void (*run)(void); } all[] = {
        {"errors", errors}, {"skipped", skipped}, {"traps", traps}, {"deaths", deaths}, {"supervised", supervised},
    };
    CHECK(count == 2);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(arguments[1], all[i].name) == 0) {
            all[i].run();
            printf("%s: as the filter has it\n", arguments[1]);
            return 0;
        }
    return 2;
}
