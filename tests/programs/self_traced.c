/* A program that asks whether it is traced: PTRACE_TRACEME must not confuse the recorder, whatever it answers.
 * Output: varies */
#include "check.h"
#include <sys/ptrace.h>

int main(void)
{
    errno = 0;
    long result = ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    printf("PTRACE_TRACEME: %ld, %s\n", result, strerror(errno));
    CHECK(result == 0 || errno == EPERM);
    if (recorded())
        CHECK(result == -1);
    return 0;
}
