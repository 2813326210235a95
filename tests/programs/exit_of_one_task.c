/* The exit syscall rather than exit_group, and a status of more than a byte.
 * Exit: 5 */
#include "check.h"

int main(void)
{
    pid_t child = forked();
    if (child == 0)
        syscall(SYS_exit, 7);
    reap(child, 7 << 8);
    child = forked();
    if (child == 0)
        syscall(SYS_exit_group, 0x1234);
    reap(child, 0x34 << 8);
    syscall(SYS_exit, 0x105);
}
