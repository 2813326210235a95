/* personality(READ_IMPLIES_EXEC): what is readable is executable.  Before Linux 5.8 an executable stack, which this program
   has, implies it.  Code runs from memory that nobody asked to be executable: mapped, given by brk, attached, unprotected.
 */
#include "check.h"
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>

__asm__(".section .note.GNU-stack, \"x\", @progbits\n.text");

static void run_from(unsigned char *memory, unsigned char answer)
{
    memcpy(memory, "\xb8\x00\x00\x00\x00\xc3" /* mov $0, %eax; ret */, 6);
    memory[1] = answer;
    CHECK(((int (*)(void))memory)() == answer);
}

int main(void)
{
    unsigned char on_the_stack[6];
    run_from(on_the_stack, 1);
    int now = personality(0xffffffff);
    SKIP_UNLESS(now >= 0 && personality((unsigned)now | READ_IMPLIES_EXEC) >= 0, "personality(2) is denied here");
    unsigned char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED);
    run_from(mapped, 2);
    CHECK(mprotect(mapped, 4096, PROT_NONE) == 0 && mprotect(mapped, 4096, PROT_READ | PROT_WRITE) == 0);
    run_from(mapped, 3);
    unsigned char *given = sbrk(8192);
    run_from(given + 4096, 4);
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    unsigned char *attached = shmat(segment, NULL, 0);
    CHECK(attached != (void *)-1 && shmctl(segment, IPC_RMID, NULL) == 0);
    run_from(attached, 5);
    pid_t child = forked();
    if (child == 0) {
        run_from(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 6);
        _exit(0);
    }
    reap(child, 0);
    CHECK(personality((unsigned)personality(0xffffffff) & ~(unsigned)READ_IMPLIES_EXEC) >= 0);
    puts("ran");
    return 0;
}
