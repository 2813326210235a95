/* The step primitive: resume, wait and fetch. */
#define _GNU_SOURCE
#include "native.h"
#include "aside.h"
#include "cpuid_answers.h"
#include "ptrace_request.h"
#include "stop_log.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

/* Newer than the oldest headers we build with. */
#define REQUEST_GET_SYSCALL_INFO 0x420e

#define MOMENT 20000              /* nanoseconds */
#define LONG_FOR_A_YIELD 500000   /* nanoseconds */
#define MOMENTS_OF_A_CROWD 256    /* before it is asked again whether there is one */

static int use_syscall_info;

int redrive_use_syscall_info(int use)
{
    use_syscall_info = use;
    return use;
}

static void fetch_syscall_op(struct redrive_stop *stop)
{
    uint8_t info[88] = {0};
    if (ptrace_request(REQUEST_GET_SYSCALL_INFO, stop->tid, sizeof info, word(info)) > 0)
        stop->syscall_op = info[0];
}

static int fetch(struct redrive_stop *stop, int ask_syscall_op)
{
    stop->message = 0;
    stop->syscall_op = -1;
    stop->registers_valid = 0;
    if (!WIFSTOPPED(stop->status))
        return 0;
    stop->registers_valid = ptrace_request(PTRACE_GETREGS, stop->tid, 0, word(&stop->registers)) == 0;
    if (stop->status >> 16) {
        unsigned long message = 0;
        if (ptrace_request(PTRACE_GETEVENTMSG, stop->tid, 0, word(&message)) == 0)
            stop->message = message;
        if (stop->status >> 16 != PTRACE_EVENT_STOP)
            return 0;
    }
    if (WSTOPSIG(stop->status) == (SIGTRAP | 0x80)) {
        if (ask_syscall_op)
            fetch_syscall_op(stop);
    } else if (ptrace_request(PTRACE_GETSIGINFO, stop->tid, 0, word(stop->siginfo)) != 0) {
        memset(stop->siginfo, 0, sizeof stop->siginfo);
    }
    return 0;
}

static int await(int tid, int flags, struct redrive_stop *stop, int ask_syscall_op)
{
    int found, failed;
    do {
        found = waitpid(tid, &stop->status, __WALL | flags);
        if (found < 0)
            return -errno;
        stop->tid = found;
        failed = found ? fetch(stop, ask_syscall_op) : 0;
        if (__builtin_expect(redrive_stop_log >= 0, 0) && found)
            redrive_write_stop(stop);
    } while (__builtin_expect(stop->aside != NULL, 0) && found && redrive_put_aside(stop));
    return failed;
}

int redrive_wait(int tid, int flags, struct redrive_stop *stop)
{
    return await(tid, flags, stop, use_syscall_info);
}

int redrive_hold(int tid, struct redrive_stop *stop)
{
    int failed = redrive_wait(tid, WNOHANG, stop);
    if (failed || stop->tid)
        return failed;
    /* ESRCH: it is going, and the wait reports that. */
    ptrace_request(PTRACE_INTERRUPT, tid, 0, 0);
    return redrive_wait(tid, 0, stop);
}

int redrive_resume(int tid, int number, int signal)
{
    return (int)ptrace_request(number, tid, 0, (uint64_t)signal);
}

int redrive_step(int tid, int number, int signal, const struct redrive_registers *registers, struct redrive_stop *stop)
{
    long failed = 0;
    stop->request = number;
    if (registers)
        failed = ptrace_request(PTRACE_SETREGS, tid, 0, word(registers));
    if (!failed)
        failed = ptrace_request(number, tid, 0, (uint64_t)signal);
    /* ESRCH: killed while stopped.  Its end is what the wait then reports. */
    if (failed && failed != -ESRCH)
        return (int)failed;
    return redrive_wait(tid, 0, stop);
}

/* The state letter follows the last ')' of /proc/TID/stat: proc(5). */
static char task_state(int tid)
{
    char text[512];
    snprintf(text, sizeof text, "/proc/%d/stat", tid);
    int descriptor = open(text, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 'X';
    ssize_t length = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (length <= 0)
        return 'X';
    text[length] = 0;
    const char *end = strrchr(text, ')');
    return end && end[1] ? end[2] : 'X';
}

/* A stop ends it: the SIGCHLD for that is kept for sigtimedwait only where it is blocked. */
static void sleep_for_a_moment(void)
{
    sigset_t child, before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &before);
    /* By default a timer may be late by 50 us. */
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    sigtimedwait(&child, NULL, &(struct timespec){0, MOMENT});
    prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Lets a task run that shares this CPU with the tracer: until it stops or sleeps, when nobody else wants the CPU.  Others
 * that do would get all of a turn each time that the tracer yields; so, while there are any, it sleeps for a moment instead,
 * or until there is a stop. */
static void let_run(void)
{
    static unsigned crowded;
    if (crowded) {
        crowded--;
        sleep_for_a_moment();
        return;
    }
    int64_t began = redrive_monotonic();
    sched_yield();
    if (redrive_monotonic() - began > LONG_FOR_A_YIELD)
        crowded = MOMENTS_OF_A_CROWD;
}

static int wait_or_sleep(int tid, struct redrive_stop *stop, int ask_syscall_op)
{
    /* When it was resumed it may have run at once, in the tracer's place. */
    int failed = await(tid, WNOHANG, stop, ask_syscall_op);
    while (!failed && !stop->tid) {
        let_run();
        failed = await(tid, WNOHANG, stop, ask_syscall_op);
        if (failed || stop->tid)
            break;
        char state = task_state(tid);
        if (state == 'S' || state == 'D' || state == 'Z')
            return 0;
    }
    return failed ? failed : 1;
}

int redrive_wait_or_sleep(int tid, struct redrive_stop *stop)
{
    return wait_or_sleep(tid, stop, use_syscall_info);
}

static uint32_t argument_of(const struct redrive_registers *registers, unsigned index)
{
    const uint64_t arguments[] = {registers->rdi, registers->rsi, registers->rdx, registers->r10, registers->r8, registers->r9};
    return (uint32_t)arguments[index];
}

static unsigned way_by_command(const struct redrive_registers *registers, const struct redrive_ways *ways)
{
    for (const struct redrive_command *known = ways->by_command; known < ways->by_command + ways->commands; known++)
        if (known->number == registers->orig_rax && (argument_of(registers, known->argument) & known->mask) == known->value)
            return known->way;
    return 0;
}

static unsigned way_of(const struct redrive_stop *entry, const struct redrive_ways *ways)
{
    const struct redrive_registers *registers = &entry->registers;
    if (entry->status >> 16 != PTRACE_EVENT_SECCOMP || entry->message != ways->data || !entry->registers_valid)
        return 0;
    /* The vsyscall page, in the upper half, has no exit stop. */
    if (registers->orig_rax >= sizeof ways->by_number || registers->rip >> 63)
        return 0;
    unsigned way = ways->by_number[registers->orig_rax];
    if (!way)
        return way_by_command(registers, ways);
    if (way & REDRIVE_NAMES_ADDRESS && registers->rdi < ways->agent_end &&
        (registers->rdi >= ways->agent_start || registers->rsi > ways->agent_start - registers->rdi))
        return 0;
    if (way & REDRIVE_NAMES_SIGNAL && ((int)registers->rdi == SIGSEGV || (int)registers->rdi == SIGTRAP))
        return 0;
    if ((way & REDRIVE_OPENS_BY_SECOND && registers->rsi & O_TRUNC) ||
        (way & REDRIVE_OPENS_BY_THIRD && registers->rdx & O_TRUNC))
        return 0;
    if (way & REDRIVE_MAPS_SHARED && registers->r10 & MAP_SHARED && !(registers->r10 & MAP_ANONYMOUS))
        return 0;
    return way;
}

/* Whether a stop is a syscall-stop with these registers. */
static int is_syscall_stop(const struct redrive_stop *stop, const struct redrive_registers *registers)
{
    return stop->status >> 8 == (SIGTRAP | 0x80) && stop->registers_valid &&
           memcmp(&stop->registers, registers, sizeof *registers) == 0;
}

static int course_of(const struct redrive_stop *first, const struct redrive_stop *last)
{
    struct redrive_registers expected = first->registers;
    expected.rax = last->registers.rax;
    if (is_syscall_stop(last, &expected))
        return REDRIVE_RESULT_ONLY;
    return is_syscall_stop(last, &last->registers) ? REDRIVE_RETURNED : REDRIVE_AT_OTHER_STOP;
}

/* From one stop in a syscall to the next. */
static int go_on(int tid, int may_sleep, struct redrive_stop *stop)
{
    int failed = redrive_resume(tid, PTRACE_SYSCALL, 0);
    if (failed && failed != -ESRCH)
        return failed;
    if (may_sleep) {
        int stopped = wait_or_sleep(tid, stop, 0);
        return stopped ? stopped < 0 ? stopped : 0 : REDRIVE_ASLEEP;
    }
    failed = await(tid, 0, stop, 0);
    return failed == -EINTR ? REDRIVE_INTERRUPTED : failed;
}

static int to_first_stop(int tid, struct redrive_cpuid_answers *cpuid, struct redrive_stop *first)
{
    const struct redrive_registers *answered = NULL;
    int failed;
    do
        failed = redrive_step(tid, PTRACE_CONT, 0, answered, first);
    while (!failed && cpuid && (answered = redrive_answer_cpuid(first, cpuid)));
    return failed;
}

int redrive_step_syscall(int tid, const struct redrive_ways *ways, int watch_sleep, struct redrive_cpuid_answers *cpuid,
                         struct redrive_stop *first, struct redrive_stop *last)
{
    int course = to_first_stop(tid, cpuid, first);
    if (course)
        return course;
    unsigned way = way_of(first, ways);
    if (!way)
        return REDRIVE_AT_FIRST_STOP;
    if (ways->shows_entry) {
        course = go_on(tid, 0, last);
        if (course)
            return course;
        if (!is_syscall_stop(last, &first->registers))
            return REDRIVE_AT_OTHER_STOP;
    }
    course = go_on(tid, watch_sleep && way & REDRIVE_MAY_SLEEP, last);
    if (course < 0)
        return course;
    if (!course)
        course = course_of(first, last);
    return course < REDRIVE_RETURNED && ways->shows_entry ? course | REDRIVE_PAST_ENTRY : course;
}
