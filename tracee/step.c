#define _GNU_SOURCE
#include "step_includes.h"
#include "stop_log.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than the oldest headers we build with. */
#define REQUEST_GET_SYSCALL_INFO 0x420e
#define REQUEST_GETSIGMASK 0x420a
#define REQUEST_SETSIGMASK 0x420b
#define NOTE_X86_XSTATE 0x202
#define NOTE_PRSTATUS 1
/* The probe's stops take two; it ends where a filter keeps it from stopping at all. */
#define PROBE_ROUNDS 4

_Static_assert(sizeof(struct redrive_registers) == sizeof(struct user_regs_struct), "registers as in sys/user.h");

static int use_syscall_info;

int redrive_use_syscall_info(int use)
{
    use_syscall_info = use;
    return use;
}

static long request(int number, int tid, uint64_t address, uint64_t data)
{
    /* The raw syscall: glibc's wrapper treats the PEEK requests specially. */
    long result = syscall(SYS_ptrace, (long)number, (long)tid, address, data);
    return result < 0 ? -errno : result;
}

int redrive_request(int number, int tid, uint64_t address, uint64_t data)
{
    return (int)request(number, tid, address, data);
}

static uint64_t word(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static void fetch_syscall_op(struct redrive_stop *stop)
{
    uint8_t info[88] = {0};
    if (request(REQUEST_GET_SYSCALL_INFO, stop->tid, sizeof info, word(info)) > 0)
        stop->syscall_op = info[0];
}

static int fetch(struct redrive_stop *stop, int ask_syscall_op)
{
    stop->message = 0;
    stop->syscall_op = -1;
    stop->registers_valid = 0;
    if (!WIFSTOPPED(stop->status))
        return 0;
    stop->registers_valid = request(PTRACE_GETREGS, stop->tid, 0, word(&stop->registers)) == 0;
    if (stop->status >> 16) {
        unsigned long message = 0;
        if (request(PTRACE_GETEVENTMSG, stop->tid, 0, word(&message)) == 0)
            stop->message = message;
        if (stop->status >> 16 != PTRACE_EVENT_STOP)
            return 0;
    }
    if (WSTOPSIG(stop->status) == (SIGTRAP | 0x80)) {
        if (ask_syscall_op)
            fetch_syscall_op(stop);
    } else if (request(PTRACE_GETSIGINFO, stop->tid, 0, word(stop->siginfo)) != 0) {
        memset(stop->siginfo, 0, sizeof stop->siginfo);
    }
    return 0;
}

/* si_code is above 0 for what the kernel raises: sigaction(2). */
static int is_of_instruction(const struct redrive_stop *stop)
{
    int number = WSTOPSIG(stop->status);
    int32_t code;
    memcpy(&code, stop->siginfo + 8, sizeof code);
    return code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
                        number == SIGTRAP || number == SIGSYS);
}

/* Whether the task has gone on from a signal that is to be put aside. */
static int put_aside(struct redrive_stop *stop)
{
    struct redrive_aside *aside = stop->aside;
    if (!WIFSTOPPED(stop->status) || stop->status >> 16 || aside->count == sizeof aside->kept / sizeof *aside->kept)
        return 0;
    int number = WSTOPSIG(stop->status);
    if (number > 64 || !(aside->signals >> (number - 1) & 1) || is_of_instruction(stop))
        return 0;
    struct redrive_signal *kept = &aside->kept[aside->count++];
    kept->number = number;
    kept->registers = stop->registers;
    memcpy(kept->siginfo, stop->siginfo, sizeof kept->siginfo);
    /* Should it fail, the task was killed, and the wait reports that. */
    request(stop->request, stop->tid, 0, 0);
    return 1;
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
    } while (__builtin_expect(stop->aside != NULL, 0) && found && put_aside(stop));
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
    request(PTRACE_INTERRUPT, tid, 0, 0);
    return redrive_wait(tid, 0, stop);
}

int redrive_resume(int tid, int number, int signal)
{
    return (int)request(number, tid, 0, (uint64_t)signal);
}

int redrive_step(int tid, int number, int signal, const struct redrive_registers *registers, struct redrive_stop *stop)
{
    long failed = 0;
    stop->request = number;
    if (registers)
        failed = request(PTRACE_SETREGS, tid, 0, word(registers));
    if (!failed)
        failed = request(number, tid, 0, (uint64_t)signal);
    /* ESRCH: killed while stopped.  Its end is what the wait then reports. */
    if (failed && failed != -ESRCH)
        return (int)failed;
    return redrive_wait(tid, 0, stop);
}

/* Intel SDM volume 2, 2.1: legacy prefixes and REX come before the opcode. */
static int is_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte >> 4 == 4 ||
           (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

/* By the opcode maps of the SDM's volume 2, appendix A. One that is listed needlessly does no harm. */
static int needs_care(const uint8_t *code, unsigned length)
{
    unsigned at = 0;
    while (at < length - 1 && is_prefix(code[at]))
        at++;
    uint8_t first = code[at], second = at + 1 < length ? code[at + 1] : 0x05;
    if (first == 0x0f)
        return second <= 0x0b || (second >= 0x30 && second <= 0x37) || second == 0xa2 || second == 0xaa ||
               second == 0xb2 || second == 0xb9 || second == 0xff;
    return (first >= 0x6c && first <= 0x6f) || first == 0x8e || first == 0x9c || first == 0x9d ||
           (first >= 0xa4 && first <= 0xa7) || (first >= 0xaa && first <= 0xaf) ||
           ((first == 0xc6 || first == 0xc7) && second == 0xf8) || (first >= 0xca && first <= 0xcf) || first == 0xf1 ||
           first == 0xf4;
}

static int is_step(const struct redrive_stop *stop)
{
    return stop->status == (SIGTRAP << 8 | 0x7f) && is_of_instruction(stop);
}

int redrive_single_steps(int tid, unsigned steps, struct redrive_stop *stop)
{
    for (unsigned done = 0; done < steps; done++) {
        uint64_t code;
        if (request(PTRACE_PEEKTEXT, tid, stop->registers.rip, word(&code)) != 0 ||
            needs_care((const uint8_t *)&code, sizeof code))
            return (int)done;
        int failed = redrive_step(tid, PTRACE_SINGLESTEP, 0, NULL, stop);
        while (failed == -EINTR)
            failed = redrive_wait(tid, 0, stop);
        if (failed)
            return failed;
        if (!is_step(stop))
            return (int)done + 1;
    }
    return (int)steps;
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

static int wait_or_sleep(int tid, struct redrive_stop *stop, int ask_syscall_op)
{
    for (;;) {
        /* Tracer and tracee share one CPU: yielding lets the task run until it stops or sleeps. */
        sched_yield();
        int failed = await(tid, WNOHANG, stop, ask_syscall_op);
        if (failed)
            return failed;
        if (stop->tid)
            return 1;
        char state = task_state(tid);
        if (state == 'S' || state == 'D' || state == 'Z')
            return 0;
    }
}

int redrive_wait_or_sleep(int tid, struct redrive_stop *stop)
{
    return wait_or_sleep(tid, stop, use_syscall_info);
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
    if (way & REDRIVE_NAMES_ADDRESS && registers->rdi < ways->agent_end &&
        registers->rsi > ways->agent_start - registers->rdi)
        return 0;
    if (way & REDRIVE_NAMES_SIGNAL && ((int)registers->rdi == SIGSEGV || (int)registers->rdi == SIGTRAP))
        return 0;
    return way;
}

static int course_of(const struct redrive_stop *entry, const struct redrive_stop *exit)
{
    if (exit->status >> 8 != (SIGTRAP | 0x80) || !exit->registers_valid)
        return REDRIVE_AT_SECOND_STOP;
    struct redrive_registers expected = entry->registers;
    expected.rax = exit->registers.rax;
    return memcmp(&expected, &exit->registers, sizeof expected) ? REDRIVE_RETURNED : REDRIVE_RESULT_ONLY;
}

int redrive_step_syscall(int tid, const struct redrive_ways *ways, int watch_sleep, struct redrive_stop *entry,
                         struct redrive_stop *exit)
{
    int failed = redrive_step(tid, PTRACE_CONT, 0, NULL, entry);
    if (failed)
        return failed;
    unsigned way = way_of(entry, ways);
    if (!way)
        return REDRIVE_AT_FIRST_STOP;
    failed = redrive_resume(tid, PTRACE_SYSCALL, 0);
    if (failed && failed != -ESRCH)
        return failed;
    if (watch_sleep && way & REDRIVE_MAY_SLEEP) {
        int stopped = wait_or_sleep(tid, exit, 0);
        if (stopped <= 0)
            return stopped ? stopped : REDRIVE_ASLEEP;
    } else {
        failed = await(tid, 0, exit, 0);
        if (failed)
            return failed == -EINTR ? REDRIVE_INTERRUPTED : failed;
    }
    return course_of(entry, exit);
}

int redrive_set_registers(int tid, const struct redrive_registers *registers)
{
    return (int)request(PTRACE_SETREGS, tid, 0, word(registers));
}

int redrive_get_registers(int tid, struct redrive_registers *registers)
{
    return (int)request(PTRACE_GETREGS, tid, 0, word(registers));
}

int64_t redrive_get_xstate(int tid, void *buffer, uint64_t length)
{
    struct iovec vector = {buffer, length};
    long failed = request(PTRACE_GETREGSET, tid, NOTE_X86_XSTATE, word(&vector));
    return failed ? failed : (int64_t)vector.iov_len;
}

int redrive_set_xstate(int tid, const void *buffer, uint64_t length)
{
    struct iovec vector = {(void *)(uintptr_t)buffer, length};
    return (int)request(PTRACE_SETREGSET, tid, NOTE_X86_XSTATE, word(&vector));
}

int redrive_get_signal_mask(int tid, uint64_t *mask)
{
    return (int)request(REQUEST_GETSIGMASK, tid, sizeof *mask, word(mask));
}

int redrive_set_signal_mask(int tid, uint64_t mask)
{
    return (int)request(REQUEST_SETSIGMASK, tid, sizeof mask, word(&mask));
}

int redrive_set_siginfo(int tid, const void *siginfo)
{
    return (int)request(PTRACE_SETSIGINFO, tid, 0, word(siginfo));
}

int redrive_set_debug_register(int tid, int number, uint64_t value)
{
    return (int)request(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg) + 8 * (uint64_t)number, value);
}

int64_t redrive_get_debug_register(int tid, int number)
{
    long value = 0;
    long failed = request(PTRACE_PEEKUSER, tid, offsetof(struct user, u_debugreg) + 8 * (uint64_t)number, word(&value));
    return failed ? failed : value;
}

/* The tracee's memory by /proc/TID/mem, which ignores page protection, or word by word where even that is refused
 * (an undumpable process of an unprivileged user). */
static int open_memory(int tid, int flags)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/mem", tid);
    return open(path, flags | O_CLOEXEC);
}

static uint64_t peek(int tid, uint64_t address, uint8_t *buffer, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        uint64_t base = (address + done) & ~7ull, skip = address + done - base, value;
        if (request(PTRACE_PEEKDATA, tid, base, word(&value)) != 0)
            break;
        uint64_t part = 8 - skip < length - done ? 8 - skip : length - done;
        memcpy(buffer + done, (uint8_t *)&value + skip, part);
        done += part;
    }
    return done;
}

static uint64_t poke(int tid, uint64_t address, const uint8_t *buffer, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        uint64_t base = (address + done) & ~7ull, skip = address + done - base, value;
        uint64_t part = 8 - skip < length - done ? 8 - skip : length - done;
        if (request(PTRACE_PEEKDATA, tid, base, word(&value)) != 0)
            break;
        memcpy((uint8_t *)&value + skip, buffer + done, part);
        if (request(PTRACE_POKEDATA, tid, base, value) != 0)
            break;
        done += part;
    }
    return done;
}

static int64_t read_slowly(int tid, uint64_t address, uint8_t *buffer, uint64_t length)
{
    int descriptor = open_memory(tid, O_RDONLY);
    if (descriptor < 0)
        return (int64_t)peek(tid, address, buffer, length);
    uint64_t done = 0;
    while (done < length) {
        ssize_t part = pread(descriptor, buffer + done, length - done, (off_t)(address + done));
        if (part <= 0)
            break;
        done += (uint64_t)part;
    }
    close(descriptor);
    return (int64_t)done;
}

int64_t redrive_read(int tid, uint64_t address, void *buffer, uint64_t length)
{
    struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
    ssize_t done = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    if (done == (ssize_t)length)
        return done;
    /* process_vm_readv respects page protection and stops at whole iovecs; the rest may still be readable. */
    uint64_t got = done > 0 ? (uint64_t)done : 0;
    int64_t rest = read_slowly(tid, address + got, (uint8_t *)buffer + got, length - got);
    return (int64_t)got + rest;
}

int64_t redrive_write(int tid, uint64_t address, const void *buffer, uint64_t length)
{
    struct iovec local = {(void *)(uintptr_t)buffer, length}, remote = {(void *)(uintptr_t)address, length};
    ssize_t done = process_vm_writev(tid, &local, 1, &remote, 1, 0);
    if (done == (ssize_t)length)
        return done;
    uint64_t moved = done > 0 ? (uint64_t)done : 0;
    int descriptor = open_memory(tid, O_RDWR);
    if (descriptor < 0)
        return (int64_t)(moved + poke(tid, address + moved, (const uint8_t *)buffer + moved, length - moved));
    while (moved < length) {
        ssize_t part = pwrite(descriptor, (const uint8_t *)buffer + moved, length - moved, (off_t)(address + moved));
        if (part <= 0)
            break;
        moved += (uint64_t)part;
    }
    close(descriptor);
    return (int64_t)moved;
}

int64_t redrive_gather(int tid, unsigned count, const uint64_t *addresses, const uint64_t *lengths, void *buffer)
{
    struct iovec remote[64];
    uint64_t total = 0;
    if (count == 0 || count > 64)
        return count ? -EINVAL : 0;
    for (unsigned i = 0; i < count; i++) {
        remote[i] = (struct iovec){(void *)(uintptr_t)addresses[i], lengths[i]};
        total += lengths[i];
    }
    struct iovec local = {buffer, total};
    if (process_vm_readv(tid, &local, 1, remote, count, 0) == (ssize_t)total)
        return (int64_t)total;
    uint64_t done = 0;
    for (unsigned i = 0; i < count; i++) {
        if (redrive_read(tid, addresses[i], (uint8_t *)buffer + done, lengths[i]) != (int64_t)lengths[i])
            return -EFAULT;
        done += lengths[i];
    }
    return (int64_t)done;
}

int redrive_file_identity(int tid, int descriptor, uint64_t *device_and_inode)
{
    char path[48];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", tid, descriptor);
    if (stat(path, &status))
        return -errno;
    device_and_inode[0] = status.st_dev;
    device_and_inode[1] = status.st_ino;
    return 0;
}

int redrive_tgkill(int tgid, int tid, int signal)
{
    return syscall(SYS_tgkill, tgid, tid, signal) ? -errno : 0;
}

int redrive_get_affinity(void *mask, unsigned length)
{
    /* The raw syscall: glibc's wrapper does not tell the length. */
    long got = syscall(SYS_sched_getaffinity, 0, (unsigned long)length, mask);
    return got < 0 ? -errno : (int)got;
}

void redrive_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *r)
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(subleaf));
}

uint64_t redrive_xgetbv(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

uint64_t redrive_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

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

/* The child between fork and execve: async-signal-safe calls only. */
static int prepare_child(const struct redrive_spawn *spawn)
{
    inherit(spawn);
    if (spawn->keep_descriptor >= 0 && fcntl(spawn->keep_descriptor, F_SETFD, 0))
        return errno;
    if (spawn->new_session)
        setsid();
    /* Containers refuse this; addresses are then random, and recorded as they are. */
    if (spawn->personality >= 0)
        personality((unsigned long)spawn->personality);
    if (spawn->trap_tsc && prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0))
        return errno;
    if (spawn->filter) {
        struct sock_fprog program = {spawn->filter_length, (struct sock_filter *)(uintptr_t)spawn->filter};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
            return errno;
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
        long failed = request(PTRACE_SEIZE, child, 0, spawn->options);
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
