/* Every way for execve to fail; the program goes on with its memory as it was. */
#include "check.h"
#include <sys/stat.h>

/* volatile: the compiler knows as well as the kernel that nothing is there. */
static void *volatile nowhere = (void *)8;

int main(void)
{
    char *arguments[] = {"program", NULL}, *enormous = malloc(200 << 10);
    char *too_many[] = {"program", enormous, NULL};
    memset(enormous, 'x', (200 << 10) - 1);
    enormous[(200 << 10) - 1] = 0;
    CHECK_FAILS(execve("/nonexistent", arguments, environ), ENOENT);
    CHECK_FAILS(execve("/etc/passwd", arguments, environ), EACCES);
    CHECK_FAILS(execve("/etc", arguments, environ), EACCES);
    CHECK_FAILS(execve("/etc/passwd/program", arguments, environ), ENOTDIR);
    CHECK_FAILS(execve(nowhere, arguments, environ), EFAULT);
    CHECK_FAILS(execve("/bin/sh", nowhere, environ), EFAULT);
    CHECK_FAILS(execve("/bin/sh", too_many, environ), E2BIG);

    char name[] = "/tmp/no-programXXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && write(fd, "neither script nor ELF", 22) == 22 && fchmod(fd, 0755) == 0);
    CHECK_FAILS(execve(name, arguments, environ), ETXTBSY);
    CHECK(close(fd) == 0);
    CHECK_FAILS(execve(name, arguments, environ), ENOEXEC);
    CHECK(unlink(name) == 0);
    for (int i = 0; i < (200 << 10) - 1; i++)
        CHECK(enormous[i] == 'x');
    puts("still here");
    return 0;
}
