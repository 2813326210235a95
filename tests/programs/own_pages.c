/* The pages that a recorder keeps in the program are there to stay, whatever calls name them, or only seem to. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

enum { PAGE = 4096 };
static const unsigned long OWN = 0x70000000, OWN_END = 0x70010000;

/* Nobody but the recorder has something there. */
static void check_refused(int failed)
{
    if (recorded())
        CHECK(failed && errno == ENOMEM);
}

static void name_it(unsigned long address)
{
    void *place = (void *)address;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    check_refused(mmap(place, PAGE, PROT_READ, flags, -1, 0) == MAP_FAILED);
    check_refused(mprotect(place, PAGE, PROT_READ | PROT_WRITE) != 0);
    check_refused(syscall(SYS_pkey_mprotect, place, PAGE, PROT_READ | PROT_WRITE, -1) != 0);
    int segment = shmget(IPC_PRIVATE, PAGE, 0600);
    CHECK(segment >= 0);
    check_refused(shmat(segment, place, SHM_REMAP) == (void *)-1);
    CHECK(shmctl(segment, IPC_RMID, NULL) == 0);
}

/* mremap looks at its last argument under MREMAP_FIXED only; whatever is there otherwise is an address of no mapping. */
static void grow_a_large_mapping(void)
{
    size_t length = OWN_END + PAGE, more = length + PAGE;
    void *start = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(start != MAP_FAILED);
    CHECK(syscall(SYS_mremap, start, length, more, MREMAP_MAYMOVE, PAGE) != -1);
}

/* Larger than any signed number, and yet a limit. */
static void set_a_huge_limit(void)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
    limit.rlim_cur = limit.rlim_max < 1UL << 63 ? limit.rlim_max : 1UL << 63;
    CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
}

int main(void)
{
    /* Natively that is somebody else's, or nobody's. */
    if (recorded()) {
        name_it(OWN);
        name_it(OWN + PAGE);
        name_it(OWN_END - PAGE);
    }
    grow_a_large_mapping();
    set_a_huge_limit();
    return 0;
}
