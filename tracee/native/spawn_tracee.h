/* How a tracee comes to be. */

struct redrive_spawn {
    const char *path;        /* NULL: no execve, but a few rounds of the probe calls */
    char **arguments;
    char **environment;
    const void *filter;      /* struct sock_filter[], or NULL */
    uint16_t filter_length;  /* in instructions */
    int32_t spec_allow;      /* SECCOMP_FILTER_FLAG_SPEC_ALLOW, where the kernel knows that */
    int32_t personality;     /* for personality(2), or -1; refusal is not an error */
    int32_t trap_tsc;        /* PR_SET_TSC to PR_TSC_SIGSEGV */
    int32_t new_session;     /* setsid, so that the terminal's signals do not reach it */
    int32_t no_network;      /* a network namespace of its own, with nothing in it; refusal is not an error */
    int32_t user_namespace;  /* within a user namespace, where it may not be had without */
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
