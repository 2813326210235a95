/* A process that attaches to its child by ptrace(2), to look at it as one that writes dumps does.
 *
 * Compile: -pthread
 */
#include "check.h"

#include <elf.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

struct shown {
    _Atomic int sleeper;
    _Atomic long rounds;
    long secret;
};
static struct shown *shown;

static void *sleep_for_ever(void *argument)
{
    shown->sleeper = gettid();
    for (;;)
        pause();
    return argument;
}

static pid_t start_child(void)
{
    shown->sleeper = 0;
    pid_t child = forked();
    if (child == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0);
        for (;;) {
            shown->rounds++;
            usleep(200);
        }
    }
    while (!shown->sleeper)
        usleep(200);
    return child;
}

static void attach(pid_t tid)
{
    int status = 0;
    CHECK(ptrace(PTRACE_ATTACH, tid, NULL, NULL) == 0);
    CHECK(waitpid(tid, &status, __WALL) == tid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

/* It makes no step while this process sleeps. */
static void check_that_it_stands(void)
{
    long rounds = shown->rounds;
    usleep(20000);
    CHECK(shown->rounds == rounds);
}

static void check_that_it_goes_on(void)
{
    long rounds = shown->rounds;
    while (shown->rounds == rounds)
        usleep(200);
}

static void look(pid_t tid)
{
    struct user_regs_struct registers, set;
    struct user_fpregs_struct vectors;
    struct iovec iovec = {&set, sizeof set};
    CHECK(ptrace(PTRACE_GETREGS, tid, NULL, &registers) == 0);
    CHECK(ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iovec) == 0);
    CHECK(iovec.iov_len == sizeof set && memcmp(&set, &registers, sizeof set) == 0);
    errno = 0;
    long pointer = ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user_regs_struct, rsp), NULL);
    CHECK(errno == 0 && (unsigned long)pointer == registers.rsp);
    ptrace(PTRACE_PEEKDATA, tid, (void *)registers.rsp, NULL);
    CHECK(errno == 0);
    CHECK(ptrace(PTRACE_PEEKDATA, tid, (void *)&shown->secret, NULL) == 4711);
    CHECK_FAILS(ptrace(PTRACE_PEEKDATA, tid, NULL, NULL), EIO);
    if (ptrace(PTRACE_GETFPREGS, tid, NULL, &vectors) == 0)
        CHECK(vectors.mxcsr == 0x1f80);
    iovec = (struct iovec){&set, sizeof set + 1};
    CHECK_FAILS(ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iovec), EINVAL);
}

/* Both threads stand, one that runs and one that sleeps. */
static void attach_to_both(void)
{
    pid_t child = start_child();
    CHECK_FAILS(ptrace(PTRACE_GETREGS, child, NULL, &(struct user_regs_struct){0}), ESRCH);
    attach(child);
    attach(shown->sleeper);
    CHECK_FAILS(ptrace(PTRACE_ATTACH, child, NULL, NULL), EPERM);
    check_that_it_stands();
    look(child);
    look(shown->sleeper);
    CHECK(ptrace(PTRACE_DETACH, child, NULL, NULL) == 0);
    CHECK_FAILS(ptrace(PTRACE_DETACH, child, NULL, NULL), ESRCH);
    check_that_it_goes_on();
    CHECK(ptrace(PTRACE_DETACH, shown->sleeper, NULL, (void *)SIGTERM) == 0);
    reap(child, SIGTERM);
    puts("attached to a thread that ran and to one that slept");
}

static void seize(void)
{
    pid_t child = start_child();
    int status;
    if (recorded())
        CHECK_FAILS(ptrace(PTRACE_SEIZE, child, NULL, (void *)PTRACE_O_TRACEEXEC), EPERM);
    CHECK(ptrace(PTRACE_SEIZE, child, NULL, NULL) == 0);
    CHECK_FAILS(ptrace(PTRACE_DETACH, child, NULL, NULL), ESRCH);
    check_that_it_goes_on();
    CHECK(ptrace(PTRACE_INTERRUPT, child, NULL, NULL) == 0);
    CHECK(waitpid(-1, &status, __WALL) == child);
    CHECK(status >> 8 == (SIGTRAP | 128 << 8));
    check_that_it_stands();
    look(child);
    /* This stop is no signal's delivery, so that there is none to replace. */
    CHECK(ptrace(PTRACE_DETACH, child, NULL, (void *)SIGTERM) == 0);
    check_that_it_goes_on();
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
    puts("seized, interrupted and detached from");
}

static void wait_by_waitid(void)
{
    siginfo_t info;
    pid_t child = start_child();
    CHECK(ptrace(PTRACE_ATTACH, child, NULL, NULL) == 0);
    CHECK(waitid(P_PID, child, &info, WSTOPPED | WEXITED | __WALL) == 0);
    CHECK(info.si_pid == child && info.si_code == CLD_TRAPPED && info.si_status == SIGSTOP);
    CHECK(ptrace(PTRACE_DETACH, child, NULL, NULL) == 0);
    check_that_it_goes_on();
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
}

/* What a recorded program is refused lets go of it. */
static void ask_for_more(void)
{
    pid_t child = start_child();
    attach(child);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    check_that_it_goes_on();
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
}

static void kill_while_it_stands(void)
{
    pid_t child = start_child();
    struct user_fpregs_struct vectors;
    struct iovec nothing = {&vectors, 1};
    attach(child);
    CHECK(kill(child, SIGKILL) == 0);
    /* It is on its way out: both may succeed yet. */
    CHECK(ptrace(PTRACE_GETFPREGS, child, NULL, &vectors) == 0 || errno == ESRCH || errno == EIO);
    process_vm_writev(child, &nothing, 1, &nothing, 1, 0);
    reap(child, SIGKILL);
    puts("killed while it stood");
}

static void end_without_detaching(void)
{
    pid_t child = start_child();
    pid_t tracer = forked();
    if (tracer == 0) {
        attach(child);
        check_that_it_stands();
        _exit(0);
    }
    reap(tracer, 0);
    check_that_it_goes_on();
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
}

/* Another program may do no more than a debugger that is refused. */
static void attach_from_another_program(void)
{
    char target[12];
    pid_t child = start_child();
    snprintf(target, sizeof target, "%d", child);
    pid_t stranger = forked();
    if (stranger == 0) {
        execl("/proc/self/exe", "attached", target, NULL);
        _exit(2);
    }
    reap(stranger, 0);
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        CHECK_FAILS(ptrace(PTRACE_ATTACH, atoi(argv[1]), NULL, NULL), EPERM);
        return 0;
    }
    shown = mmap(NULL, sizeof *shown, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shown != MAP_FAILED);
    shown->secret = 4711;
    CHECK_FAILS(ptrace(PTRACE_ATTACH, getpid(), NULL, NULL), EPERM);
    attach_to_both();
    seize();
    kill_while_it_stands();
    wait_by_waitid();
    ask_for_more();
    /* Natively a process may attach to none but its descendants where Yama says so. */
    if (recorded()) {
        end_without_detaching();
        attach_from_another_program();
    }
    return 0;
}
