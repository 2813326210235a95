/* System V shared memory: attached before and after fork, read-only too, at a chosen address, gone when all have let go. */
#include "check.h"
#include <sys/shm.h>

int main(void)
{
    struct shmid_ds status;
    int memory = shmget(IPC_PRIVATE, 10000, 0600);
    CHECK(memory >= 0);
    volatile char *inherited = shmat(memory, NULL, 0);
    CHECK(inherited != (void *)-1);
    inherited[0] = 'i';
    pid_t child = forked();
    if (child == 0) {
        volatile char *own = shmat(memory, NULL, 0), *only_read = shmat(memory, NULL, SHM_RDONLY);
        CHECK(own != (void *)-1 && only_read != (void *)-1 && own != inherited && own[0] == 'i');
        own[9999] = 'c';
        CHECK(only_read[9999] == 'c' && inherited[9999] == 'c');
        CHECK(shmdt((void *)inherited) == 0);
        own[1] = 'd';
        _exit(0);
    }
    reap(child, 0);
    CHECK(inherited[9999] == 'c' && inherited[1] == 'd');
    CHECK(shmctl(memory, IPC_STAT, &status) == 0 && status.shm_segsz == 10000 && status.shm_nattch == 1 && status.shm_lpid == child);
    CHECK(shmctl(memory, IPC_RMID, NULL) == 0 && shmdt((void *)inherited) == 0);
    CHECK_FAILS((long)shmat(memory, NULL, 0), EINVAL);
    puts("attached and detached");
    return 0;
}
