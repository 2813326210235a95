/* Processes that spin on flags in shared memory: a mapping made before the fork, one of a file, one of System V.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <sys/mman.h>
#include <sys/shm.h>

enum { ROUNDS = 3 };

static void back_and_forth(const char *name, volatile uint32_t *turn)
{
    uint64_t rounds = 0;
    pid_t child = forked();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        while (*turn != 2 * round + (child == 0)) {
            __builtin_ia32_pause();
            rounds++;
        }
        turn[1] = turn[1] * 3 + (uint32_t)rounds;
        __atomic_store_n(turn, *turn + 1, __ATOMIC_SEQ_CST);
    }
    if (child == 0)
        _exit(0);
    reap(child, 0);
    printf("%s: %u turns, %x\n", name, *turn, turn[1]);
}

int main(void)
{
    back_and_forth("anonymous", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    int file = nameless_file(), segment = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(file >= 0 && ftruncate(file, 4096) == 0 && segment >= 0);
    back_and_forth("file", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    volatile uint32_t *attached = shmat(segment, NULL, 0);
    CHECK(shmctl(segment, IPC_RMID, NULL) == 0);
    back_and_forth("System V", attached);
    return 0;
}
