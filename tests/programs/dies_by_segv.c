/* The recorded program itself dies by SIGSEGV, after an unfinished line.
 * Exit: -11 */
#include "check.h"
#include <sys/resource.h>

int main(void)
{
    volatile int *volatile nowhere = NULL;
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
    CHECK(write(1, "before", 6) == 6);
    *nowhere = 1;
    return 0;
}
