/* The tracer's own thread and the CPU it runs on. */

/* Gives the calling thread alone these real and file-system ids: those the kernel compares where one process looks into
 * another (ptrace(2)). Its effective ids and capabilities stay, and with them the power to go back; so do whether it is
 * dumpable, and the signal for its parent's death. */
int redrive_take_identity(unsigned user, unsigned group);
/* The calling thread's affinity mask as sched_getaffinity(2) returns it; the number of bytes, which is the kernel's own. */
int redrive_get_affinity(void *mask, unsigned length);
void redrive_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *eax_ebx_ecx_edx);
/* Gives the calling thread, and those it starts, the CPUID faulting of its tracees, or takes it away again. */
int redrive_share_cpuid_faulting(int share);
/* The same for their trap at rdtsc. */
int redrive_share_tsc_trap(int share);
uint64_t redrive_xgetbv(void);
uint64_t redrive_rdtsc(void);
/* CLOCK_MONOTONIC in nanoseconds, by a syscall: the vDSO reads the time stamp counter. */
int64_t redrive_monotonic(void);
