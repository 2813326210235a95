/* POSIX shared memory and a semaphore in it, between a process and one that it executes.
 * Output: varies */
#include "check.h"
#include <semaphore.h>
#include <sys/mman.h>

struct shared {
    sem_t turn, done;
    int value;
};

int main(int count, char **arguments)
{
    char name[40], argument[40];
    sprintf(name, "/redrive-fixture-%d", count > 1 ? atoi(arguments[1]) : getpid());
    int fd = shm_open(name, O_RDWR | (count > 1 ? 0 : O_CREAT | O_EXCL), 0600);
    SKIP_UNLESS(fd >= 0 || errno != ENOENT, "no /dev/shm");
    CHECK(fd >= 0 && ftruncate(fd, sizeof(struct shared)) == 0);
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED);
    if (count > 1) {
        for (int i = 0; i < 20; i++) {
            CHECK(sem_wait(&shared->turn) == 0);
            shared->value += 7;
            CHECK(sem_post(&shared->done) == 0);
        }
        _exit(0);
    }
    CHECK(sem_init(&shared->turn, 1, 0) == 0 && sem_init(&shared->done, 1, 0) == 0);
    sprintf(argument, "%d", getpid());
    pid_t child = forked();
    if (child == 0)
        execl("/proc/self/exe", "program", argument, NULL);
    for (int i = 0; i < 20; i++) {
        shared->value += 1;
        CHECK(sem_post(&shared->turn) == 0 && sem_wait(&shared->done) == 0 && shared->value == (i + 1) * 8);
    }
    reap(child, 0);
    CHECK(shm_unlink(name) == 0);
    printf("%s: %d\n", name, shared->value);
    return 0;
}
