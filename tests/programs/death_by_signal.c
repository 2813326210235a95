/* Children that die by signals, with the core bit where a core was written and without where none may be. */
#include "check.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int death(int signal, rlim_t core)
{
    pid_t child = forked();
    if (child == 0) {
        struct rlimit limit;
        CHECK(getrlimit(RLIMIT_CORE, &limit) == 0);
        limit.rlim_cur = core < limit.rlim_max ? core : limit.rlim_max;
        CHECK(setrlimit(RLIMIT_CORE, &limit) == 0 && raise(signal) == 0);
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == signal);
    return WCOREDUMP(status) != 0;
}

int main(void)
{
    static const int dump[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGSYS}, quiet[] = {SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPOLL, SIGKILL};
    char folder[] = "/tmp/coresXXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    for (int i = 0; i < 4; i++)
        printf("signal %d: core %d\n", dump[i], death(dump[i], RLIM_INFINITY));
    for (int i = 0; i < 6; i++)
        CHECK(death(quiet[i], RLIM_INFINITY) == 0);
    CHECK(death(SIGRTMIN + 3, RLIM_INFINITY) == 0);
    fflush(stdout);
    execlp("rm", "rm", "-rf", folder, NULL);
    return 1;
}
