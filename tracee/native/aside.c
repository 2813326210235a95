/* Signals that a task goes on without, for a while. */
#define _GNU_SOURCE
#include "native.h"
#include "aside.h"
#include "ptrace_request.h"
#include "siginfo.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

int redrive_put_aside(struct redrive_stop *stop)
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
    ptrace_request(stop->request, stop->tid, 0, 0);
    return 1;
}
