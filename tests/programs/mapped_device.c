/* A block device, mapped as a file would be: nothing tells when others change it, so it is not mapped while recorded,
 * and the program is told so.  /dev/zero is as good as memory. */
#include "check.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

/* Any of this machine's, read only; -1 where there is none or this user may have none. */
static int block_device(void)
{
    static const char *const names[] = {"/dev/loop0", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda"};
    int device = -1;
    for (size_t i = 0; device < 0 && i < sizeof names / sizeof *names; i++)
        device = open(names[i], O_RDONLY);
    return device;
}

static void share_zeros(void)
{
    int zeros = open("/dev/zero", O_RDWR);
    int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zeros, 0);
    CHECK(shared != MAP_FAILED);
    pid_t child = forked();
    if (child == 0) {
        *shared = 7;
        _exit(0);
    }
    reap(child, 0);
    CHECK(*shared == 7);
}

int main(void)
{
    share_zeros();
    int device = block_device();
    SKIP_UNLESS(device >= 0, "no block device that can be opened");
    void *mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device, 0);
    if (recorded())
        CHECK(mapped == MAP_FAILED && errno == ENODEV);
    else
        CHECK(mapped != MAP_FAILED);
    return 0;
}
