/* Calls that end their program by a signal of the kernel's: execve of a program that cannot be loaded when the old one is
 * gone already, and rt_sigreturn without a frame. */
#include "check.h"

static const char *damaged = "damaged";

static void write_damaged(void)
{
    static char start[5000];
    int own = open("/proc/self/exe", O_RDONLY), file = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK(read(own, start, sizeof start) == sizeof start && write(file, start, sizeof start) == sizeof start);
    close(own);
    close(file);
}

static void executes(void)
{
    execl(damaged, damaged, (char *)NULL);
    _exit(9);
}

static void returns(void)
{
    __asm__ volatile("xor %%esp, %%esp\n mov $15, %%eax\n syscall" ::: "memory");
}

static void child(const char *what, void (*does)(void))
{
    int status;
    pid_t pid = forked();
    if (pid == 0)
        does();
    CHECK(waitpid(pid, &status, 0) == pid);
    printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
    write_damaged();
    child("execve", executes);
    child("rt_sigreturn", returns);
    unlink(damaged);
    return 0;
}
