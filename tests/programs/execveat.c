/* execveat relative to a folder's descriptor, and refused where it follows a link it must not. */
#include "check.h"

int main(void)
{
    char *arguments[] = {"sh", "-c", "exit 12", NULL};
    int folder = open("/bin", O_PATH | O_DIRECTORY | O_CLOEXEC);
    CHECK(folder >= 0);
    SKIP_UNLESS(syscall(SYS_execveat, -1, "", NULL, NULL, 0) == -1 && errno != ENOSYS, "no execveat");
    pid_t child = forked();
    if (child == 0) {
        syscall(SYS_execveat, folder, "sh", arguments, environ, 0);
        _exit(1);
    }
    reap(child, 12 << 8);
    CHECK_FAILS(syscall(SYS_execveat, folder, "no-such-program", arguments, environ, 0), ENOENT);
    CHECK_FAILS(syscall(SYS_execveat, 999, "sh", arguments, environ, 0), EBADF);
    CHECK_FAILS(syscall(SYS_execveat, AT_FDCWD, "/proc/self/exe", arguments, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
    puts("execveat works");
    return 0;
}
