/* A process that shares its memory with nobody computes, and is reached into all the same: by process_vm_writev, through
   /proc/PID/mem, by writes to files it has mapped privately, by a truncation that takes its page away, by a smaller limit
   for its stack.  How often it has gone round until then is the same in each replay.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

enum { PAGE = 4096, CALLS = 200 };
static volatile int flag;
static volatile char *mapped;
static char name[] = "changed-XXXXXX";
static const int one = 1;

static void page_is_gone(int number)
{
    (void)number;
    _exit(3);
}

static int recursion(int depth)
{
    volatile char frame[PAGE];
    frame[0] = depth;
    return depth ? recursion(depth - 1) + frame[0] : 0;
}

static void until_flag(void)
{
    unsigned long rounds = 0;
    while (!flag)
        rounds++;
    printf("%lu rounds\n", rounds);
    exit(0);
}

static void until_all(void)
{
    unsigned long rounds = 0, sum = 0;
    int seen;
    do {
        seen = flag;
        sum = sum * 31 + seen;
        rounds++;
    } while (seen != CALLS);
    printf("%lu rounds, %lu\n", rounds, sum);
    exit(0);
}

static void until_file(void)
{
    unsigned long rounds = 0;
    while (!mapped[1])
        rounds++;
    printf("%lu rounds\n", rounds);
    exit(0);
}

static void deep(void)
{
    for (int round = 0;; round++)
        recursion(round / 20000);
}

static void by_system_call(pid_t child)
{
    struct iovec from = {(void *)&one, sizeof one}, to = {(void *)&flag, sizeof flag};
    CHECK(process_vm_writev(child, &from, 1, &to, 1, 0) == sizeof one);
}

static void by_many_calls(pid_t child)
{
    for (int number = 1; number <= CALLS; number++) {
        struct iovec from = {&number, sizeof number}, to = {(void *)&flag, sizeof flag};
        CHECK(process_vm_writev(child, &from, 1, &to, 1, 0) == sizeof number);
    }
}

static void by_memory_file(pid_t child)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/mem", child);
    int memory = open(path, O_RDWR);
    CHECK(memory >= 0 && pwrite(memory, &one, sizeof one, (off_t)&flag) == sizeof one && close(memory) == 0);
}

static void by_write(pid_t child)
{
    (void)child;
    int file = open(name, O_WRONLY);
    CHECK(file >= 0 && pwrite(file, "xxx", 3, 0) == 3 && close(file) == 0);
}

static void by_another_program(pid_t child)
{
    (void)child;
    char command[80];
    snprintf(command, sizeof command, "printf yyy | dd of=%s conv=notrunc 2>/dev/null", name);
    CHECK(system(command) == 0);
}

static void by_truncation(pid_t child)
{
    (void)child;
    CHECK(truncate(name, 0) == 0);
}

static void by_opening(pid_t child)
{
    (void)child;
    CHECK(close(open(name, O_WRONLY | O_TRUNC)) == 0);
}

static void by_opening_as_new(pid_t child)
{
    (void)child;
    CHECK(close(creat(name, 0600)) == 0);
}

/* openat2, Linux 5.6. */
static void by_opening_with_a_structure(pid_t child)
{
    struct { uint64_t flags, mode, resolve; } how = {O_WRONLY | O_TRUNC, 0, 0};
    long file = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how);
    if (file < 0)
        by_opening(child);
    else
        CHECK(close(file) == 0);
}

static void by_its_own_descriptor(pid_t child)
{
    (void)child;
    char path[40];
    int file = open(name, O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    CHECK(file >= 0 && close(open(path, O_WRONLY | O_TRUNC)) == 0 && close(file) == 0);
}

/* Its end comes in the middle of what is done for the call that would have changed it. */
static void when_killed(pid_t child)
{
    struct iovec from = {(void *)&one, sizeof one}, to = {(void *)&flag, sizeof flag};
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(process_vm_writev(child, &from, 1, &to, 1, 0) == sizeof one || errno == ESRCH);
}

static void by_limit(pid_t child)
{
    CHECK(prlimit(child, RLIMIT_STACK, &(struct rlimit){8 * PAGE, 8 * PAGE}, NULL) == 0);
}

static void change(void (*computes)(void), void (*changes)(pid_t), int status)
{
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    static const char zeros[PAGE];
    CHECK(file >= 0 && write(file, zeros, PAGE) == PAGE);
    mapped = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(mapped != MAP_FAILED && close(file) == 0);
    pid_t child = forked();
    if (child == 0)
        computes();
    usleep(60000);
    changes(child);
    reap(child, status);
    CHECK(munmap((void *)mapped, PAGE) == 0 && unlink(name) == 0);
}

int main(void)
{
    CHECK(close(mkstemp(name)) == 0);
    CHECK(signal(SIGBUS, page_is_gone) != SIG_ERR);
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
    change(until_flag, by_system_call, 0);
    change(until_all, by_many_calls, 0);
    change(until_flag, by_memory_file, 0);
    change(until_file, by_write, 0);
    change(until_file, by_another_program, 0);
    change(until_file, by_truncation, 3 << 8);
    change(until_file, by_opening, 3 << 8);
    change(until_file, by_opening_as_new, 3 << 8);
    change(until_file, by_opening_with_a_structure, 3 << 8);
    change(until_file, by_its_own_descriptor, 3 << 8);
    change(until_flag, when_killed, SIGKILL);
    change(deep, by_limit, SIGSEGV);
    return 0;
}
