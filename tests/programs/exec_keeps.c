/* What execve keeps (pid, folder, umask, mask, ignored and pending signals) and what it resets (handlers, the alternate stack). */
#include "check.h"
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

static void handler(int signal) { (void)signal; }

int main(int count, char **arguments)
{
    sigset_t set;
    struct sigaction action;
    stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
    char folder[PATH_MAX];
    if (count == 1) {
        char pid[20];
        sprintf(pid, "%d", getpid());
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
        CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR && signal(SIGHUP, handler) != SIG_ERR && sigaltstack(&alternate, NULL) == 0);
        CHECK(chdir("/usr") == 0 && fcntl(open("/", O_RDONLY | O_CLOEXEC), F_DUPFD, 100) == 100);
        umask(027);
        execl("/proc/self/exe", arguments[0], pid, NULL);
        return 1;
    }
    CHECK(atoi(arguments[1]) == getpid());
    CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR1));
    CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
    CHECK(sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(sigaltstack(NULL, &alternate) == 0 && alternate.ss_flags == SS_DISABLE);
    CHECK(umask(0) == 027 && getcwd(folder, sizeof folder) && strcmp(folder, "/usr") == 0);
    CHECK(fcntl(100, F_GETFD) == 0);
    puts("kept and reset");
    return 0;
}
