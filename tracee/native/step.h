/* The step primitive: everything a stop is paid for, in one call each. */

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
    REDRIVE_NAMES_SIGNAL = 8,   /* but not when its first argument is SIGSEGV or SIGTRAP */
    REDRIVE_OPENS_BY_SECOND = 16, /* but not when its second argument has O_TRUNC */
    REDRIVE_OPENS_BY_THIRD = 32,  /* the same, its third */
    REDRIVE_MAPS_SHARED = 64      /* but not when its fourth argument is MAP_SHARED without MAP_ANONYMOUS */
};

/* What is the same for all straight syscalls of a recording. */
struct redrive_ways {
    uint64_t data;                   /* our filter's, which the seccomp stop shows */
    uint64_t agent_start, agent_end; /* the agent's range of addresses */
    int32_t shows_entry;             /* whether the entry stop comes behind the seccomp stop, as before Linux 4.8 */
    uint8_t by_number[512];
    /* Where some bits of an argument decide, the commands that have been met; by_number is 0 there. */
    uint32_t commands;
    struct redrive_command {
        uint16_t number;
        uint8_t argument; /* from 0 on */
        uint8_t way;
        uint32_t mask, value; /* of the argument's low half */
    } by_command[128];
};

/* What programs are told by cpuid, and what a task was told on its way to a stop. */
struct redrive_cpuid_answers {
    const uint64_t *sites; /* where clts stands for cpuid in this task's memory */
    uint32_t site_count;
    uint32_t known; /* of leaves */
    struct redrive_cpuid_leaf {
        uint32_t leaf, subleaf;
        int32_t any_subleaf;
        uint32_t eax, ebx, ecx, edx;
    } leaves[256];
    uint32_t given; /* of kept; when that is full, the next one stops the task */
    struct redrive_cpuid_answer {
        struct redrive_registers before, after;
    } kept[64];
};

/* How far redrive_step_syscall came. */
enum redrive_course {
    REDRIVE_AT_FIRST_STOP = 1,  /* only `first` is filled; the task is stopped there */
    REDRIVE_AT_OTHER_STOP = 2,  /* both are filled, and the last one is not the one that was to come */
    REDRIVE_INTERRUPTED = 3,    /* a signal of the tracer's interrupted the wait for the next stop */
    REDRIVE_ASLEEP = 4,         /* the task sleeps in the call */
    REDRIVE_RETURNED = 5,       /* both are filled, and the last one is the call's exit */
    REDRIVE_RESULT_ONLY = 6,    /* as before, and of the registers rax alone has changed */
    REDRIVE_PAST_ENTRY = 8      /* added to 2, 3 and 4 when the call's entry stop has been passed */
};

/* Resumes with PTRACE_CONT to the next stop, and on at each cpuid that `cpuid`, unless NULL, has an answer for; when that is our
 * filter's seccomp stop for a syscall that has a way, goes on to the call's exit stop, by its entry stop where the ways say
 * that it shows.  Returns an enum redrive_course; REDRIVE_ASLEEP only when `watch_sleep` is set.  `last` never has its
 * syscall_op: what the syscall-stops are, their order tells. */
int redrive_step_syscall(int tid, const struct redrive_ways *ways, int watch_sleep, struct redrive_cpuid_answers *cpuid,
                         struct redrive_stop *first, struct redrive_stop *last);

/* 1 when this kernel has PTRACE_GET_SYSCALL_INFO; decides what syscall_op holds. */
int redrive_use_syscall_info(int use);
/* Writes a line for every stop that is waited for to this descriptor; -1 for none. */
int redrive_log_stops(int descriptor);
