/* bare_loop COUNT: what ptrace itself costs.  Traces COUNT getppid calls with the least a tracer can do, two stops a
 * call with the registers fetched at each, tracer and tracee on one CPU; prints the nanoseconds of one call. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "bare_loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pin_to_this_cpu(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one))
        fail("sched_setaffinity");
}

static void be_traced(long count) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0))
        fail("PTRACE_TRACEME");
    raise(SIGSTOP);
    while (count--)
        getppid();
    _exit(0);
}

/* Resumes to the next stop; 0 once the tracee has exited. */
static int next_stop(pid_t tracee, struct user_regs_struct *registers) {
    int status;
    if (ptrace(PTRACE_SYSCALL, tracee, 0, 0))
        fail("PTRACE_SYSCALL");
    if (waitpid(tracee, &status, 0) != tracee)
        fail("waitpid");
    if (!WIFSTOPPED(status))
        return 0;
    if (ptrace(PTRACE_GETREGS, tracee, 0, registers))
        fail("PTRACE_GETREGS");
    return 1;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    struct user_regs_struct registers;
    long count = argc > 1 ? atol(argv[1]) : 100000, stops = 0;
    pin_to_this_cpu();
    pid_t tracee = fork();
    if (tracee < 0)
        fail("fork");
    if (tracee == 0)
        be_traced(count);
    if (waitpid(tracee, NULL, 0) != tracee)
        fail("waitpid");
    double start = seconds();
    while (next_stop(tracee, &registers))
        stops++;
    double spent = seconds() - start;
    /* raise(3) and _exit(2) make a few stops of their own. */
    if (stops < 2 * count) {
        fprintf(stderr, "bare_loop: %ld stops where %ld were due\n", stops, 2 * count);
        return 1;
    }
    printf("%.0f\n", spent / count * 1e9);
    return 0;
}
