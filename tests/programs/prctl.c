/* prctl's names and states: PR_SET_NAME, dumpable, death signal, keep-caps, securebits, no_new_privs, timer slack; arch_prctl's bases. */
#include "check.h"
#include <asm/prctl.h>
#include <signal.h>
#include <sys/prctl.h>

int main(void)
{
    char name[17] = "", comm[20] = "";
    int value = -1;
    CHECK(prctl(PR_SET_NAME, "a name that is far too long") == 0 && prctl(PR_GET_NAME, name) == 0);
    CHECK(strcmp(name, "a name that is ") == 0);
    int file = open("/proc/self/comm", O_RDONLY);
    CHECK(read(file, comm, sizeof comm) == 16 && memcmp(comm, "a name that is \n", 16) == 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 1 && prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
    CHECK(prctl(PR_SET_PDEATHSIG, SIGHUP) == 0 && prctl(PR_GET_PDEATHSIG, &value) == 0 && value == SIGHUP);
    CHECK(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0 && value == 0);
    CHECK(prctl(PR_GET_TIMERSLACK) > 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0);
    CHECK_FAILS(prctl(123456), EINVAL);
    unsigned long base = 0, zero = 12;
    CHECK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base) == 0 && base != 0);
    CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &zero) == 0 && zero == 0);
    CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, name) == 0);
    asm volatile("movb %%gs:2, %b0" : "=q"(value));
    CHECK((char)value == 'n');
    puts("named");
    return 0;
}
