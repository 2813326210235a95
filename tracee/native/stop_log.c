/* A line for every ptrace-stop that is waited for, for whoever looks for an error of Redrive's own. */
#define _GNU_SOURCE
#include "native.h"
#include "stop_log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int redrive_stop_log = -1;

int redrive_log_stops(int descriptor)
{
    redrive_stop_log = descriptor;
    return 0;
}

/* By the numbers of linux/ptrace.h. */
static const char *event_name(int event)
{
    static const char *const names[] = {
        [PTRACE_EVENT_FORK] = "fork",   [PTRACE_EVENT_VFORK] = "vfork",           [PTRACE_EVENT_CLONE] = "clone",
        [PTRACE_EVENT_EXEC] = "exec",   [PTRACE_EVENT_VFORK_DONE] = "vfork-done", [PTRACE_EVENT_EXIT] = "exit",
        [PTRACE_EVENT_SECCOMP] = "seccomp",
    };
    if (event == PTRACE_EVENT_STOP)
        return "stop";
    return event > 0 && event <= PTRACE_EVENT_SECCOMP && names[event] ? names[event] : "?";
}

static int name_stop(const struct redrive_stop *stop, char *text, size_t size)
{
    int status = stop->status;
    if (WIFEXITED(status))
        return snprintf(text, size, "exited %d", WEXITSTATUS(status));
    if (WIFSIGNALED(status))
        return snprintf(text, size, "killed by signal %d", WTERMSIG(status));
    if (status >> 16)
        return snprintf(text, size, "event %s signal %d message %#llx", event_name(status >> 16), WSTOPSIG(status),
                        (unsigned long long)stop->message);
    if (WSTOPSIG(status) == (SIGTRAP | 0x80))
        return snprintf(text, size, "syscall-stop");
    return snprintf(text, size, "signal %d", WSTOPSIG(status));
}

void redrive_write_stop(const struct redrive_stop *stop)
{
    char line[256];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    size_t end = (size_t)snprintf(line, sizeof line, "%lld.%06ld %d ", (long long)now.tv_sec, now.tv_nsec / 1000, stop->tid);
    end += (size_t)name_stop(stop, line + end, sizeof line - end);
    if (stop->registers_valid)
        end += (size_t)snprintf(line + end, sizeof line - end, " orig_rax %lld rax %#llx rip %#llx",
                                (long long)stop->registers.orig_rax, (unsigned long long)stop->registers.rax,
                                (unsigned long long)stop->registers.rip);
    line[end++] = '\n';
    /* One that is full or closed is nobody's concern. */
    int before = errno;
    if (write(redrive_stop_log, line, end) < 0)
        errno = before;
}
