/* rdtsc and cpuid, which fault in a tracee, change nothing about SIGSEGV: not that it is blocked, ignored, pending or handled.
 * Compile: -pthread */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>

static volatile sig_atomic_t handled, code;
static sigset_t segv;

static void trap(void)
{
    unsigned a, b = 0, c = 0, d;
    asm volatile("rdtsc" : "=a"(a), "=d"(d));
    a = 0;
    asm volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
    asm volatile("rdtscp" : "=a"(a), "=c"(c), "=d"(d));
}

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    trap();
    handled++;
    code = info->si_code;
}

static int is_blocked(void)
{
    sigset_t now;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    return sigismember(&now, SIGSEGV);
}

static int is_pending(void)
{
    sigset_t now;
    CHECK(sigpending(&now) == 0);
    return sigismember(&now, SIGSEGV);
}

static void block(int how)
{
    CHECK(sigprocmask(how, &segv, NULL) == 0);
}

static void handle(int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
}

static void expect_handler(int flags)
{
    struct sigaction now;
    CHECK(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == handler);
    CHECK((now.sa_flags & ~0x04000000 /* SA_RESTORER */) == (SA_SIGINFO | flags));
    CHECK(sigismember(&now.sa_mask, SIGUSR2) && !sigismember(&now.sa_mask, SIGUSR1));
}

static void disposition_is(void (*expected)(int))
{
    struct sigaction now;
    CHECK(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_handler == expected);
}

static void blocked_and_handled(void)
{
    handle(SA_RESTART);
    block(SIG_BLOCK);
    trap();
    CHECK(is_blocked());
    expect_handler(SA_RESTART);
    /* Pending for the process, then for this thread, whose place the trap's own signal takes. */
    CHECK(kill(getpid(), SIGSEGV) == 0);
    trap();
    CHECK(is_blocked() && is_pending() && handled == 0);
    block(SIG_UNBLOCK);
    CHECK(handled == 1 && code == SI_USER && !is_blocked());
    block(SIG_BLOCK);
    CHECK(raise(SIGSEGV) == 0);
    trap();
    trap();
    CHECK(is_blocked() && is_pending() && handled == 1);
    expect_handler(SA_RESTART);
    block(SIG_UNBLOCK);
    CHECK(handled == 2 && code == SI_TKILL && !is_blocked());
}

static void in_place(void)
{
    /* The old mask and the old action overwrite the new ones. */
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigset_t set = segv; /* sigprocmask itself has restrict pointers */
    CHECK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &set, 8) == 0 && !sigismember(&set, SIGSEGV));
    trap();
    CHECK(is_blocked());
    CHECK(syscall(SYS_rt_sigaction, SIGSEGV, &action, &action, 8) == 0);
    trap();
    disposition_is(SIG_IGN);
    block(SIG_UNBLOCK);
    trap();
    disposition_is(SIG_IGN);
    CHECK(raise(SIGSEGV) == 0 && !is_pending());
}

static void blocked_by_default(void)
{
    CHECK(signal(SIGSEGV, SIG_DFL) == SIG_IGN);
    block(SIG_BLOCK);
    trap();
    disposition_is(SIG_DFL);
    CHECK(is_blocked());
    CHECK(raise(SIGSEGV) == 0 && is_pending());
    trap();
    CHECK(is_pending());
    struct timespec none = {0, 0};
    siginfo_t info;
    CHECK(syscall(SYS_rt_sigtimedwait, &segv, &info, &none, 8) == SIGSEGV);
    CHECK(info.si_code == SI_TKILL && info.si_pid == getpid());
    block(SIG_UNBLOCK);
}

static void other_handler(int signal)
{
    (void)signal;
    CHECK(is_blocked());
    trap();
    CHECK(is_blocked());
    expect_handler(0);
    handled++;
}

static void in_handlers(void)
{
    struct sigaction action = {.sa_handler = other_handler};
    sigaddset(&action.sa_mask, SIGSEGV);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    handle(0);
    handled = 0;
    CHECK(raise(SIGUSR1) == 0 && handled == 1 && !is_blocked());
    trap();
    expect_handler(0);
    /* With a temporary mask. */
    sigset_t all_but_usr1;
    sigfillset(&all_but_usr1);
    sigdelset(&all_but_usr1, SIGUSR1);
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0 && raise(SIGUSR1) == 0);
    CHECK_FAILS(ppoll(NULL, 0, NULL, &all_but_usr1), EINTR);
    CHECK(handled == 2 && !is_blocked() && sigprocmask(SIG_UNBLOCK, &usr1, NULL) == 0);
    /* In its own handler. */
    for (int i = 0; i < 2; i++)
        CHECK(raise(SIGSEGV) == 0 && handled == 3 + i && !is_blocked());
    expect_handler(0);
    handle(SA_RESETHAND);
    CHECK(raise(SIGSEGV) == 0 && handled == 5);
    trap();
    disposition_is(SIG_DFL);
}

static void *in_thread(void *unused)
{
    CHECK(pthread_sigmask(SIG_BLOCK, &segv, NULL) == 0);
    CHECK(signal(SIGSEGV, SIG_IGN) == SIG_DFL);
    trap();
    CHECK(is_blocked());
    disposition_is(SIG_IGN);
    return unused;
}

static void inherited(char *program)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(!is_blocked());
    trap();
    disposition_is(SIG_IGN);
    block(SIG_BLOCK);
    pid_t child = forked();
    if (child == 0) {
        trap();
        CHECK(is_blocked());
        disposition_is(SIG_IGN);
        execl(program, program, "again", NULL);
    }
    reap(child, 0);
    handle(0);
    child = forked();
    if (child == 0) {
        trap();
        expect_handler(0);
        execl(program, program, "handled", NULL);
    }
    reap(child, 0);
}

int main(int count, char **arguments)
{
    sigemptyset(&segv);
    sigaddset(&segv, SIGSEGV);
    if (count > 1) {
        trap();
        CHECK(is_blocked());
        disposition_is(strcmp(arguments[1], "again") == 0 ? SIG_IGN : SIG_DFL);
        return 0;
    }
    blocked_and_handled();
    in_place();
    blocked_by_default();
    in_handlers();
    inherited(arguments[0]);
    puts("SIGSEGV as the program had it");
    return 0;
}
