/* A process that has made itself undumpable goes on with syscalls, memory and children: nobody's business but a recorder's. */
#include "check.h"
#include <sys/mman.h>
#include <sys/prctl.h>

int main(void)
{
    static char buffer[5000];
    CHECK(prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0);
    int file = open("/usr/bin/env", O_RDONLY);
    CHECK(file >= 0 && read(file, buffer, sizeof buffer) == sizeof buffer && memcmp(buffer, "\177ELF", 4) == 0);
    char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(mapped != MAP_FAILED && memcmp(mapped, buffer, 4096) == 0);
    for (int i = 0; i < 3; i++) {
        pid_t child = forked();
        if (child == 0) {
            CHECK(prctl(PR_GET_DUMPABLE) == 0);
            if (i == 2)
                execl("/bin/sh", "sh", "-c", "exit 2", NULL);
            _exit(i);
        }
        reap(child, i << 8);
    }
    puts("not dumpable");
    return 0;
}
