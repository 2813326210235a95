/* /proc/self/auxv, and PR_GET_AUXV where there is one, name no vDSO that is not there. */
#include "check.h"
#include <elf.h>

enum { MM_MAP_SIZE = 15, GET_AUXV = 0x41555856 };

/* A vDSO begins with an ELF header. */
static void look_at_vdso(const Elf64_auxv_t *entry, ssize_t size)
{
    for (; size >= (ssize_t)sizeof *entry && entry->a_type != AT_NULL; entry++, size -= sizeof *entry)
        if (entry->a_type == AT_SYSINFO_EHDR)
            CHECK(memcmp((const void *)entry->a_un.a_val, ELFMAG, SELFMAG) == 0);
}

int main(void)
{
    unsigned size;
    static Elf64_auxv_t vector[64];
    SKIP_UNLESS(prctl(PR_SET_MM, MM_MAP_SIZE, &size, 0, 0) == 0, "no PR_SET_MM_MAP on this kernel");
    int file = open("/proc/self/auxv", O_RDONLY);
    ssize_t length = read(file, vector, sizeof vector);
    CHECK(length > 0 && length % sizeof *vector == 0);
    look_at_vdso(vector, length);
    length = prctl(GET_AUXV, vector, sizeof vector, 0, 0);
    if (length > 0)
        look_at_vdso(vector, sizeof vector);
    printf("read\n");
    return 0;
}
