/* The recorded program is killed by its own child.
 * Exit: -9 */
#include "check.h"
#include <signal.h>

int main(void)
{
    pid_t self = getpid();
    puts("waiting");
    if (forked() == 0)
        _exit(kill(self, SIGKILL));
    for (;;)
        pause();
}
