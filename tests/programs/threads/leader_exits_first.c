/* The leader exits and the others live on: they work, fork and wait; the process's status is what the last of them says.
 * Compile: -pthread */
#include "threads.h"
#include <dirent.h>

static volatile uint32_t leader_gone;

static int count_tasks(void)
{
    int found = 0;
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        found += entry->d_name[0] != '.';
    closedir(folder);
    return found;
}

static char state_of(pid_t pid)
{
    char path[40], text[300] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY);
    CHECK(file >= 0 && read(file, text, sizeof text - 1) > 0 && close(file) == 0);
    return strrchr(text, ')')[2];
}

static void *lives_on(void *how)
{
    while (state_of(getpid()) != 'Z')
        usleep(500);
    change(&leader_gone, 1);
    CHECK(getpid() != thread_id());
    if (how) {
        pid_t child = forked();
        if (child == 0)
            _exit(9);
        reap(child, 9 << 8);
        CHECK(count_tasks() >= 2);
        _exit(4);
    }
    return NULL;
}

static void *waits(void *unused)
{
    await_change(&leader_gone, 0);
    return unused;
}

int main(void)
{
    for (long how = 0; how < 3; how++) {
        pid_t child = forked();
        if (child == 0) {
            started(lives_on, (void *)how);
            started(waits, NULL);
            if (how < 2)
                pthread_exit(NULL);
            syscall(SYS_exit, 6);
        }
        /* Without anybody's exit_group kernels before 6.0 give the leader's status, later ones the last thread's. */
        reap(child, how ? 4 << 8 : 0);
    }
    puts("three leaders gone first");
    return 0;
}
