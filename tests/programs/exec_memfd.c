/* An executable that never had a name: memfd_create, then execveat with AT_EMPTY_PATH. */
#include "check.h"
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

int main(int count, char **arguments)
{
    if (count > 1) {
        char self[300] = "";
        CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0 && strstr(self, "memfd:nameless"));
        printf("%s\n", arguments[1]);
        return 4;
    }
    int memory = memfd_create("nameless", MFD_CLOEXEC), original = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    SKIP_UNLESS(memory >= 0 || errno != ENOSYS, "no memfd_create");
    CHECK(memory >= 0 && original >= 0 && fstat(original, &status) == 0);
    CHECK(sendfile(memory, original, NULL, status.st_size) == status.st_size);
    pid_t child = forked();
    if (child == 0) {
        syscall(SYS_execveat, memory, "", (char *[]){"program", "from memory", NULL}, environ, AT_EMPTY_PATH);
        _exit(1);
    }
    reap(child, 4 << 8);
    return 0;
}
