/* cpuid in a tracee, where it faults or something that faults stands in its place: answered without asking Python. */
#define _GNU_SOURCE
#include "native.h"
#include "cpuid_answers.h"
#include "ptrace_request.h"

#include <signal.h>
#include <sys/wait.h>

#define CPUID 0xa20f
#define PLANTED 0x060f /* clts: redrive.tracee.cpu.PLANTED_CPUID */
#define SI_CODE_OFFSET 8

static int faulted(const struct redrive_stop *stop)
{
    int32_t code;
    __builtin_memcpy(&code, stop->siginfo + SI_CODE_OFFSET, sizeof code);
    return stop->status >> 8 == SIGSEGV && stop->registers_valid && code == SI_KERNEL;
}

static int is_site(uint64_t address, const struct redrive_cpuid_answers *answers)
{
    for (const uint64_t *site = answers->sites; site < answers->sites + answers->site_count; site++)
        if (*site == address)
            return 1;
    return 0;
}

static int is_at_cpuid(const struct redrive_stop *stop, const struct redrive_cpuid_answers *answers)
{
    uint64_t code = 0;
    if (ptrace_request(PTRACE_PEEKDATA, stop->tid, stop->registers.rip, word(&code)) != 0)
        return 0;
    return (code & 0xffff) == CPUID || ((code & 0xffff) == PLANTED && is_site(stop->registers.rip, answers));
}

static const struct redrive_cpuid_leaf *find(const struct redrive_cpuid_answers *answers, uint32_t leaf, uint32_t subleaf)
{
    for (const struct redrive_cpuid_leaf *known = answers->leaves; known < answers->leaves + answers->known; known++)
        if (known->leaf == leaf && (known->any_subleaf || known->subleaf == subleaf))
            return known;
    return NULL;
}

const struct redrive_registers *redrive_answer_cpuid(const struct redrive_stop *stop, struct redrive_cpuid_answers *answers)
{
    if (!faulted(stop) || answers->given == sizeof answers->kept / sizeof *answers->kept)
        return NULL;
    const struct redrive_cpuid_leaf *leaf = find(answers, (uint32_t)stop->registers.rax, (uint32_t)stop->registers.rcx);
    if (!leaf || !is_at_cpuid(stop, answers))
        return NULL;
    struct redrive_cpuid_answer *kept = &answers->kept[answers->given++];
    kept->before = kept->after = stop->registers;
    kept->after.rax = leaf->eax;
    kept->after.rbx = leaf->ebx;
    kept->after.rcx = leaf->ecx;
    kept->after.rdx = leaf->edx;
    kept->after.rip += 2;
    return &kept->after;
}
