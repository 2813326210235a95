/* A program whose file may be executed but not read, by anybody who is not root. */
#include "check.h"
#include <sys/sendfile.h>
#include <sys/stat.h>

int main(int count, char **arguments)
{
    char name[] = "/tmp/unreadableXXXXXX";
    if (count > 1) {
        puts(arguments[1]);
        return 8;
    }
    SKIP_UNLESS(geteuid() == 0, "an ordinary user may not look into such a process");
    int copy = mkstemp(name), original = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    CHECK(copy >= 0 && original >= 0 && fstat(original, &status) == 0);
    CHECK(sendfile(copy, original, NULL, status.st_size) == status.st_size && fchmod(copy, 0111) == 0 && close(copy) == 0);
    pid_t child = forked();
    if (child == 0) {
        execl(name, "program", "runs unread", NULL);
        _exit(1);
    }
    reap(child, 8 << 8);
    CHECK(unlink(name) == 0);
    return 0;
}
