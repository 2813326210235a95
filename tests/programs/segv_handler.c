/* SIGSEGV: siginfo says where and why; the handler mends it by mprotect, or goes on behind the instruction. */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

static char *page;
static volatile int faults;
static volatile siginfo_t seen;
static volatile greg_t page_fault_error;
extern char load_fails[], load_done[];

static void mend(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    faults++;
    seen = *info;
    page_fault_error = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];
    if (info->si_addr == page + 100)
        CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
    else {
        ucontext_t *interrupted = context;
        CHECK(interrupted->uc_mcontext.gregs[REG_RIP] == (greg_t)load_fails);
        CHECK(interrupted->uc_mcontext.gregs[REG_CR2] == 0x10);
        interrupted->uc_mcontext.gregs[REG_RIP] = (greg_t)load_done;
        interrupted->uc_mcontext.gregs[REG_RAX] = 4321;
    }
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page[100] == 0);
    *(volatile char *)(page + 100) = 7;
    CHECK(faults == 1 && seen.si_code == SEGV_ACCERR && seen.si_signo == SIGSEGV && page[100] == 7);
    CHECK(page_fault_error == 7); /* user, write, present */

    long value;
    asm volatile("load_fails: mov 0x10, %0\nload_done:" : "=a"(value) : : "memory");
    CHECK(value == 4321 && faults == 2 && seen.si_code == SEGV_MAPERR && page_fault_error == 4);

    for (int round = 0; round < 100; round++) {
        CHECK(mprotect(page, 4096, PROT_READ) == 0);
        *(volatile char *)(page + 100) = round;
        CHECK(faults == 3 + round && page[100] == round);
    }
    printf("%d faults\n", faults);
    return 0;
}
