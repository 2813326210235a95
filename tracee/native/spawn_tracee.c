/* How a tracee comes to be: seized while it waits, so that no stop is missed. */
#define _GNU_SOURCE
#include "native.h"
#include "ptrace_request.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Newer than the oldest headers we build with. */
#define SECCOMP_NUMBER 317
#define SET_MODE_FILTER 1
#define FILTER_FLAG_SPEC_ALLOW (1UL << 2)

/* The probe's stops take two; it ends where a filter keeps it from stopping at all. */
#define PROBE_ROUNDS 4

static struct timeval time_of(int64_t microseconds)
{
    return (struct timeval){microseconds / 1000000, microseconds % 1000000};
}

/* What execve passes on. */
static void inherit(const struct redrive_spawn *spawn)
{
    /* Python ignores these two for itself; whether they were ignored before nobody can tell. */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    for (int number = 1; number < NSIG; number++)
        if (spawn->ignored >> (number - 1) & 1)
            signal(number, SIG_IGN);
    /* The raw syscall: glibc's wrapper takes two signals out. */
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &spawn->blocked, NULL, sizeof spawn->blocked);
    for (int timer = 0; timer < 3; timer++) {
        struct itimerval value = {time_of(spawn->timers[timer][1]), time_of(spawn->timers[timer][0])};
        if (spawn->timers[timer][0])
            setitimer(timer, &value, NULL);
    }
}

/* Without SPEC_ALLOW, Linux 4.17 to 5.15 takes speculation past stores from whoever gets a filter (kernel/seccomp.c): the
 * program would run slower, and see it in /proc/self/status. Kernels before 4.17 do not know the flag. A filter that is there
 * already may know prctl(2) only, and kill for this one; and whoever has one has lost speculation with it. */
static int install_filter(const struct sock_fprog *program, int spec_allow)
{
    if (spec_allow && !syscall(SECCOMP_NUMBER, SET_MODE_FILTER, FILTER_FLAG_SPEC_ALLOW, program))
        return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) ? errno : 0;
}

/* Who may not make a network namespace may make one within a user namespace, unless the system denies both. */
static void leave_network(int user_namespace)
{
    if (unshare(CLONE_NEWNET) && user_namespace)
        unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* The child between fork and execve: async-signal-safe calls only. */
static int prepare_child(const struct redrive_spawn *spawn)
{
    inherit(spawn);
    if (spawn->keep_descriptor >= 0 && fcntl(spawn->keep_descriptor, F_SETFD, 0))
        return errno;
    if (spawn->new_session)
        setsid();
    if (spawn->no_network)
        leave_network(spawn->user_namespace);
    /* Containers refuse this; addresses are then random, and recorded as they are. */
    if (spawn->personality >= 0)
        personality((unsigned long)spawn->personality);
    if (spawn->trap_tsc && prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0))
        return errno;
    if (spawn->filter) {
        struct sock_fprog program = {spawn->filter_length, (struct sock_filter *)(uintptr_t)spawn->filter};
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : install_filter(&program, spawn->spec_allow);
    }
    return 0;
}

static void run_child(const struct redrive_spawn *spawn, const int *go, int report)
{
    char byte;
    /* Without this end of its own it reads the end of the pipe when the parent gives up. */
    close(go[1]);
    if (read(go[0], &byte, 1) != 1)
        _exit(127);
    int error = prepare_child(spawn);
    if (!error && !spawn->path) {
        /* A filter that was there before may kill it. */
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        for (int round = 0; round < PROBE_ROUNDS; round++) {
            syscall(spawn->probe_calls[0], 0, 0, 0);
            syscall(spawn->probe_calls[1], 0, 0, 0);
        }
        _exit(0);
    }
    if (!error) {
        execve(spawn->path, spawn->arguments, spawn->environment);
        error = errno;
    }
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

int redrive_spawn(const struct redrive_spawn *spawn, int *error_descriptor)
{
    int go[2], report[2];
    if (pipe2(go, O_CLOEXEC))
        return -errno;
    if (pipe2(report, O_CLOEXEC)) {
        int error = errno;
        close(go[0]);
        close(go[1]);
        return -error;
    }
    pid_t child = fork();
    if (child == 0)
        run_child(spawn, go, report[1]);
    int error = child < 0 ? errno : 0;
    close(go[0]);
    close(report[1]);
    if (!error) {
        /* Seized while it waits on the pipe: no stop is missed and no job control stop confuses anybody. */
        long failed = ptrace_request(PTRACE_SEIZE, child, 0, spawn->options);
        if (failed)
            error = (int)-failed;
        else if (write(go[1], "", 1) != 1)
            error = errno;
    }
    close(go[1]);
    if (error) {
        close(report[0]);
        if (child > 0)
            waitpid(child, NULL, __WALL);
        return -error;
    }
    *error_descriptor = report[0];
    return child;
}
