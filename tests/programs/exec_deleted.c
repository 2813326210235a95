/* A program whose file is gone while it runs, and which is then executed again through its descriptor. */
#include "check.h"
#include <sys/sendfile.h>
#include <sys/stat.h>

int main(int count, char **arguments)
{
    char self[300] = "";
    if (count > 1) {
        CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
        CHECK(strstr(self, " (deleted)"));
        printf("%s: my file is gone\n", arguments[1]);
        return 6;
    }
    char name[] = "/tmp/deletedXXXXXX";
    int copy = mkstemp(name), original = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    CHECK(copy >= 0 && original >= 0 && fstat(original, &status) == 0);
    CHECK(sendfile(copy, original, NULL, status.st_size) == status.st_size);
    CHECK(fchmod(copy, 0755) == 0 && close(copy) == 0);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && unlink(name) == 0);
    pid_t child = forked();
    if (child == 0) {
        fexecve(fd, (char *[]){"program", "deleted", NULL}, environ);
        _exit(1);
    }
    reap(child, 6 << 8);
    return 0;
}
