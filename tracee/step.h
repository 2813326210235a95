/* The step primitive: everything a stop is paid for, in one call each.
 *
 * This file is both the C header and cffi's cdef, so it holds declarations only.
 * Functions return 0 or a count on success and -errno on failure, unless they say otherwise.
 * A waiting function that a signal interrupts returns -EINTR; the tracee has been resumed then, so wait for it again.
 */

/* struct user_regs_struct of sys/user.h, with the names the ABI document uses. */
struct redrive_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags, rsp, ss,
        fs_base, gs_base, ds, es, fs, gs;
};

/* Signals that are put aside for as long as redrive_stop.aside is this: at their delivery-stops the task goes on without
 * them. None that an instruction has raised is. */
struct redrive_aside {
    uint64_t signals;        /* which of them, signal N at bit N - 1 */
    uint32_t count;          /* of kept; when it is full, the next one stops the task */
    struct redrive_signal {
        int32_t number;
        struct redrive_registers registers; /* that it met */
        uint8_t siginfo[128];
    } kept[64];
};

struct redrive_stop {
    struct redrive_aside *aside; /* or NULL */
    int32_t request;         /* that the task was resumed with, where there is an aside */
    int32_t tid;
    int32_t status;          /* as waitpid reports it */
    int32_t syscall_op;      /* op of PTRACE_GET_SYSCALL_INFO at a syscall-stop, -1 where the kernel does not tell */
    int32_t registers_valid; /* 0 when the task died before they could be read */
    uint64_t message;        /* PTRACE_GETEVENTMSG at an event stop, else 0 */
    struct redrive_registers registers;
    uint8_t siginfo[128];    /* at signal-delivery-stops and group-stops */
};

struct redrive_spawn {
    const char *path;        /* NULL: no execve, but a few rounds of the probe calls */
    char **arguments;
    char **environment;
    const void *filter;      /* struct sock_filter[], or NULL */
    uint16_t filter_length;  /* in instructions */
    int32_t personality;     /* for personality(2), or -1; refusal is not an error */
    int32_t trap_tsc;        /* PR_SET_TSC to PR_TSC_SIGSEGV */
    int32_t new_session;     /* setsid, so that the terminal's signals do not reach it */
    int32_t keep_descriptor; /* the one descriptor that loses FD_CLOEXEC, or -1 */
    int32_t probe_calls[2];  /* syscalls without arguments */
    uint64_t blocked;        /* the signal mask, signal N at bit N - 1 */
    uint64_t ignored;        /* signals to be ignored, the same way */
    int64_t timers[3][2];    /* those of setitimer(2): microseconds to go, and interval */
    uint64_t options;        /* for PTRACE_SEIZE */
};

/* Starts a tracee, stopped nowhere yet: its first stops are those of its preparations and of its execve.
 * error_descriptor receives a pipe on which the child writes errno (an int) when it cannot get as far as execve's success. */
int redrive_spawn(const struct redrive_spawn *spawn, int *error_descriptor);

/* Sets the registers (unless NULL), resumes with the ptrace request and signal, waits for this task's next stop and fetches it. */
int redrive_step(int tid, int request, int signal, const struct redrive_registers *registers, struct redrive_stop *stop);

/* Single-steps a task that is stopped in user code by so many instructions; fewer when another stop than a step's comes, or
 * before an instruction that a stepping tracer must know: one that enters the kernel or traps, a string instruction, one
 * that saves or loads flags. Returns how many times it has resumed the task; the last stop is fetched. */
int redrive_single_steps(int tid, unsigned steps, struct redrive_stop *stop);
int redrive_resume(int tid, int request, int signal);
/* Waits as redrive_wait does, but interrupts the task unless it has stopped already: PTRACE_INTERRUPT would stay pending then,
 * and break off the call that the task goes into next, which may return EINTR for that. */
int redrive_hold(int tid, struct redrive_stop *stop);
/* waitpid(2) with __WALL and `flags`; tid -1 for any.  0 with stop->tid 0: nothing to report under WNOHANG. */
int redrive_wait(int tid, int flags, struct redrive_stop *stop);
/* Waits for a resumed task until it stops (1), or sleeps in the kernel or is a zombie that others keep (0). */
int redrive_wait_or_sleep(int tid, struct redrive_stop *stop);

/* How redrive_step_syscall takes a syscall; flags. */
enum redrive_way {
    REDRIVE_STRAIGHT = 1,       /* on to its exit stop, without asking */
    REDRIVE_NAMES_ADDRESS = 2,  /* but not when its first two arguments name a range that reaches into the agent's */
    REDRIVE_MAY_SLEEP = 4,      /* and it may wait for another task */
    REDRIVE_NAMES_SIGNAL = 8    /* but not when its first argument is SIGSEGV or SIGTRAP */
};

/* What is the same for all straight syscalls of a recording. */
struct redrive_ways {
    uint64_t data;                   /* our filter's, which the seccomp stop shows */
    uint64_t agent_start, agent_end; /* the agent's range of addresses */
    uint8_t by_number[512];
};

/* How far redrive_step_syscall came. */
enum redrive_course {
    REDRIVE_AT_FIRST_STOP = 1,  /* only `entry` is filled; the task is stopped there */
    REDRIVE_AT_SECOND_STOP = 2, /* both are filled */
    REDRIVE_INTERRUPTED = 3,    /* a signal of the tracer's interrupted the wait for the second */
    REDRIVE_ASLEEP = 4,         /* the task sleeps in the call */
    REDRIVE_RETURNED = 5,       /* both are filled, and the second is the call's exit */
    REDRIVE_RESULT_ONLY = 6     /* as before, and of the registers rax alone has changed */
};

/* Resumes with PTRACE_CONT to the next stop; when that is our filter's seccomp stop for a syscall that has a way, goes on to
 * the stop after it.  Returns an enum redrive_course; REDRIVE_ASLEEP only when `watch_sleep` is set.  `exit` never has its
 * syscall_op: where the second stop is a syscall-stop it can only be the exit. */
int redrive_step_syscall(int tid, const struct redrive_ways *ways, int watch_sleep, struct redrive_stop *entry,
                         struct redrive_stop *exit);

int redrive_set_registers(int tid, const struct redrive_registers *registers);
int redrive_get_registers(int tid, struct redrive_registers *registers);
int64_t redrive_get_xstate(int tid, void *buffer, uint64_t length);
int redrive_set_xstate(int tid, const void *buffer, uint64_t length);
int redrive_get_signal_mask(int tid, uint64_t *mask);
int redrive_set_signal_mask(int tid, uint64_t mask);
int redrive_set_siginfo(int tid, const void *siginfo);
int redrive_set_debug_register(int tid, int number, uint64_t value);
int64_t redrive_get_debug_register(int tid, int number);
int redrive_request(int request, int tid, uint64_t address, uint64_t data);

/* Bytes moved, which are fewer than asked for when the rest is not mapped.  Writing ignores page protection. */
int64_t redrive_read(int tid, uint64_t address, void *buffer, uint64_t length);
int64_t redrive_write(int tid, uint64_t address, const void *buffer, uint64_t length);
/* Reads `count` (at most 64) extents one after the other into buffer; -EFAULT unless all are readable. */
int64_t redrive_gather(int tid, unsigned count, const uint64_t *addresses, const uint64_t *lengths, void *buffer);

/* Identity of the file behind a descriptor of the task: st_dev and st_ino, through /proc/TID/fd. */
int redrive_file_identity(int tid, int descriptor, uint64_t *device_and_inode);

int redrive_tgkill(int tgid, int tid, int signal);
/* Gives the calling thread alone these real and file-system ids: those the kernel compares where one process looks into
 * another (ptrace(2)). Its effective ids and capabilities stay, and with them the power to go back; so do whether it is
 * dumpable, and the signal for its parent's death. */
int redrive_take_identity(unsigned user, unsigned group);
/* The calling thread's affinity mask as sched_getaffinity(2) returns it; the number of bytes, which is the kernel's own. */
int redrive_get_affinity(void *mask, unsigned length);
void redrive_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *eax_ebx_ecx_edx);
/* Gives the calling thread, and those it starts, the CPUID faulting of its tracees, or takes it away again. */
int redrive_share_cpuid_faulting(int share);
uint64_t redrive_xgetbv(void);
uint64_t redrive_rdtsc(void);
/* Writes a line for every stop that is waited for to this descriptor; -1 for none. */
int redrive_log_stops(int descriptor);
/* 1 when this kernel has PTRACE_GET_SYSCALL_INFO; decides what syscall_op holds. */
int redrive_use_syscall_info(int use);
