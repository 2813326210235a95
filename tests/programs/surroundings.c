/* Writes all that it inherits or finds around it, and that a recorder might have changed, a subject a line, to a new file.
 *
 * Used by: test_surroundings.py */
#include "check.h"
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>

extern char **environ;
static FILE *report;

static void descriptors(void)
{
    for (int descriptor = 0; descriptor < 4096; descriptor++) {
        struct stat status;
        int flags = fcntl(descriptor, F_GETFD);
        if (flags < 0)
            continue;
        CHECK(fstat(descriptor, &status) == 0);
        fprintf(report, "descriptor %d: flags %d status %#x mode %#o position %ld owner %d\n", descriptor, flags,
            fcntl(descriptor, F_GETFL), status.st_mode, (long)lseek(descriptor, 0, SEEK_CUR),
               fcntl(descriptor, F_GETOWN));
    }
}

/* As ls sees them: procfs too must show none of ours. */
static void listed_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder && readdir(folder))
        count++;
    fprintf(report, "entries of /proc/self/fd: %d\n", count);
    if (folder)
        closedir(folder);
}

static void signals(void)
{
    sigset_t blocked, pending;
    stack_t stack;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigpending(&pending);
    sigaltstack(NULL, &stack);
    fprintf(report, "alternate stack: %#x\n", stack.ss_flags);
    for (int number = 1; number < 65; number++) {
        /* The raw call: glibc keeps two to itself. */
        struct { void (*handler)(int); unsigned long flags, restorer, mask; } action;
        if (syscall(SYS_rt_sigaction, number, NULL, &action, 8) != 0)
            continue;
        fprintf(report, "signal %d: action %#lx flags %#lx mask %#lx blocked %d pending %d\n", number, (unsigned long)action.handler,
               action.flags, action.mask, sigismember(&blocked, number), sigismember(&pending, number));
    }
}

static void limits(void)
{
    for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        CHECK(prlimit(0, resource, NULL, &limit) == 0);
        fprintf(report, "limit %d: %lx %lx\n", resource, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
    }
    for (int timer = 0; timer < 3; timer++) {
        struct itimerval value;
        CHECK(getitimer(timer, &value) == 0);
        fprintf(report, "timer %d: %s, interval %ld.%06ld\n", timer, timerisset(&value.it_value) ? "set" : "none",
                value.it_interval.tv_sec, value.it_interval.tv_usec);
    }
    struct sched_param parameters;
    CHECK(sched_getparam(0, &parameters) == 0);
    long io = syscall(SYS_ioprio_get, 1, 0);
    /* In class 0, none, the kernel says 4 of a process until it has waited for a disk, and 0 then: get_task_ioprio. */
    fprintf(report, "scheduling: policy %d priority %d nice %d io %ld\n", sched_getscheduler(0), parameters.sched_priority,
           getpriority(PRIO_PROCESS, 0), io >> 13 ? io : 0);
    cpu_set_t allowed;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    fprintf(report, "cpus: %d\n", CPU_COUNT(&allowed));
}

static void of_prctl(const char *name, int command)
{
    fprintf(report, "%s: %d\n", name, prctl(command, 0, 0, 0, 0));
}

static void attributes(void)
{
    int number = -1;
    char name[17] = {0}, folder[4096];
    mode_t mask = umask(0);
    fprintf(report, "umask: %#o\ncwd: %s\n", mask, getcwd(folder, sizeof folder));
    CHECK(prctl(PR_GET_NAME, name) == 0);
    fprintf(report, "name: %s\n", name);
    CHECK(prctl(PR_GET_PDEATHSIG, &number) == 0);
    fprintf(report, "parent death signal: %d\n", number);
    CHECK(prctl(PR_GET_CHILD_SUBREAPER, &number) == 0);
    fprintf(report, "subreaper: %d\n", number);
    CHECK(prctl(PR_GET_TSC, &number) == 0);
    fprintf(report, "time stamp counter: %d\n", number);
    of_prctl("dumpable", PR_GET_DUMPABLE);
    of_prctl("keep capabilities", PR_GET_KEEPCAPS);
    of_prctl("no new privileges", PR_GET_NO_NEW_PRIVS);
    of_prctl("seccomp", PR_GET_SECCOMP);
    of_prctl("securebits", PR_GET_SECUREBITS);
    of_prctl("timer slack", PR_GET_TIMERSLACK);
    of_prctl("huge pages disabled", PR_GET_THP_DISABLE);
    fprintf(report, "personality: %#x\n", personality(0xffffffff));
    fprintf(report, "identity: %d %d %d %d secure %lu\n", getuid(), geteuid(), getgid(), getegid(), getauxval(AT_SECURE));
    fprintf(report, "in the group of its session's terminal: %d\n", tcgetpgrp(2) == getpgrp());
    fprintf(report, "leads its group: %d\nleads its session: %d\n", getpgrp() == getpid(), getsid(0) == getpid());
    fprintf(report, "children: %d\n", waitpid(-1, NULL, WNOHANG | __WALL) == -1 ? -errno : 0);
}

/* The lines of a file of /proc that are the same for two runs of one program. */
static void lines_of(const char *path, const char *const names[])
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fgets(line, sizeof line, file))
        for (const char *const *name = names; *name; name++)
            if (strncmp(line, *name, strlen(*name)) == 0)
                fprintf(report, "%s %s", path, line);
    fclose(file);
}

int main(int count, char **arguments)
{
    static const char *const of_status[] = {"Umask", "Groups", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
                                            "Cap", "NoNewPrivs", "Seccomp", "Speculation", "Threads", "TracerPid", "CoreDumping",
                                            "THP_enabled", NULL};
    static const char *const any[] = {"", NULL};
    char *text;
    size_t length;
    /* Kept in memory until the end, so that no descriptor of our own is seen. */
    report = open_memstream(&text, &length);
    CHECK(report != NULL && count > 1);
    descriptors();
    listed_descriptors();
    for (int at = 0; at < count; at++)
        fprintf(report, "argument %d: %s\n", at, arguments[at]);
    for (int at = 0; environ[at]; at++)
        fprintf(report, "environment %d: %s\n", at, environ[at]);
    signals();
    limits();
    attributes();
    lines_of("/proc/self/status", of_status);
    lines_of("/proc/self/oom_score_adj", any);
    lines_of("/proc/self/timers", any);
    lines_of("/proc/self/cgroup", any);
    lines_of("/proc/self/limits", any);
    lines_of("/proc/self/coredump_filter", any);
    lines_of("/proc/self/timerslack_ns", any);
    CHECK(fclose(report) == 0);
    int file = open(arguments[1], O_WRONLY | O_CREAT | O_EXCL, 0600);
    CHECK(file >= 0 && write(file, text, length) == (ssize_t)length);
    return 0;
}
