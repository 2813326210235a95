/* What traps in the tracees traps in their tracer too, so that all of them have the same setting.
 *
 * The kernel writes CR4 at each switch between threads that differ in PR_SET_TSC, and an MSR where they differ in CPUID
 * faulting (arch/x86/kernel/process.c, __switch_to_xtra).  In a virtual machine such a write may be an exit to the
 * hypervisor, which takes longer than all the rest of a stop.  What the tracer's own libraries, and the vDSO, ask of the CPU
 * meanwhile is answered by a SIGSEGV handler. */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID_NUMBER 0x1012

static long set_cpuid(long enabled)
{
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID_NUMBER, enabled) ? -errno : 0;
}

static int set_tsc(unsigned long setting)
{
    return prctl(PR_SET_TSC, setting, 0, 0, 0) ? -errno : 0;
}

static void answer_cpuid(greg_t *registers)
{
    uint32_t answer[4];
    set_cpuid(1);
    redrive_cpuid((uint32_t)registers[REG_RAX], (uint32_t)registers[REG_RCX], answer);
    set_cpuid(0);
    registers[REG_RAX] = answer[0];
    registers[REG_RBX] = answer[1];
    registers[REG_RCX] = answer[2];
    registers[REG_RDX] = answer[3];
    registers[REG_RIP] += 2;
}

static void answer_rdtsc(greg_t *registers)
{
    uint32_t low, high;
    set_tsc(PR_TSC_ENABLE);
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    set_tsc(PR_TSC_SIGSEGV);
    registers[REG_RAX] = low;
    registers[REG_RDX] = high;
    registers[REG_RIP] += 2;
}

static void answer_rdtscp(greg_t *registers)
{
    uint32_t low, high, processor;
    set_tsc(PR_TSC_ENABLE);
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor));
    set_tsc(PR_TSC_SIGSEGV);
    registers[REG_RAX] = low;
    registers[REG_RDX] = high;
    registers[REG_RCX] = processor;
    registers[REG_RIP] += 3;
}

static void answer(int signal_number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    int saved = errno;
    /* Sent by somebody to the process group, in which the tracees are. */
    if (info->si_code <= 0)
        return;
    if (info->si_code == SI_KERNEL && code[0] == 0x0f && code[1] == 0xa2)
        answer_cpuid(registers);
    else if (info->si_code == SI_KERNEL && code[0] == 0x0f && code[1] == 0x31)
        answer_rdtsc(registers);
    else if (info->si_code == SI_KERNEL && code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xf9)
        answer_rdtscp(registers);
    else
        /* Not ours: fault again, and die of it. */
        signal(signal_number, SIG_DFL);
    errno = saved;
}

static int be_ready(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    /* No handler of another signal may come between, and look at the clock. */
    sigfillset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, NULL) ? -errno : 0;
}

int redrive_share_cpuid_faulting(int share)
{
    int failed = share ? be_ready() : 0;
    return failed ? failed : (int)set_cpuid(!share);
}

int redrive_share_tsc_trap(int share)
{
    /* A filter that Redrive was started under may refuse this; it must not do so behind a trap. */
    int failed = set_tsc(PR_TSC_ENABLE);
    if (failed || !share)
        return failed;
    failed = be_ready();
    return failed ? failed : set_tsc(PR_TSC_SIGSEGV);
}
