/* What a siginfo tells: sigaction(2). */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* Whether an instruction has raised the signal of a delivery-stop: si_code is above 0 for what the kernel raises. */
static inline int is_of_instruction(const struct redrive_stop *stop)
{
    int number = WSTOPSIG(stop->status);
    int32_t code;
    memcpy(&code, stop->siginfo + 8, sizeof code);
    return code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
                        number == SIGTRAP || number == SIGSYS);
}
