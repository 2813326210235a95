/* A task stepped by several instructions in one call. */
#define _GNU_SOURCE
#include "native.h"
#include "ptrace_request.h"
#include "siginfo.h"

#include <signal.h>

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
        if (ptrace_request(PTRACE_PEEKTEXT, tid, stop->registers.rip, word(&code)) != 0 ||
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
