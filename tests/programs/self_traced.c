/* A program that asks whether it is traced: PTRACE_TRACEME must not confuse the recorder, whatever it answers.
 * Output: varies */
#include "check.h"
#include <sys/ptrace.h>

int main(void)
{
    errno = 0;
    long result = ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    int error = errno;
    printf("PTRACE_TRACEME: %ld, %s\n", result, strerror(error));
    CHECK(result == 0 || error == EPERM);
    if (recorded())
        CHECK(result == -1);
    return 0;
}
