/* Randomness from everywhere: getrandom, /dev/urandom, arc4random where libc has it, uuid from /proc, AT_RANDOM.
 * Output: varies */
#include "check.h"
#include <sys/auxv.h>
#include <sys/random.h>

static void print(const char *source, const unsigned char *bytes, int count)
{
    printf("%s: ", source);
    for (int i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    puts("");
}

int main(void)
{
    static unsigned char many[100000];
    unsigned char bytes[16];
    unsigned sum = 0;
    ssize_t got = getrandom(bytes, sizeof bytes, 0);
    SKIP_UNLESS(got >= 0 || errno != ENOSYS, "no getrandom");
    CHECK(got == sizeof bytes);
    print("getrandom", bytes, sizeof bytes);
    CHECK(getrandom(bytes, 3, GRND_NONBLOCK) == 3);
    CHECK(getentropy(many, 256) == 0);
    print("getentropy", many, 16);
    int fd = open("/dev/urandom", O_RDONLY);
    CHECK(read(fd, many, sizeof many) == sizeof many);
    for (unsigned i = 0; i < sizeof many; i++)
        sum = sum * 31 + many[i];
    printf("urandom: %u\n", sum);
    fd = open("/proc/sys/kernel/random/uuid", O_RDONLY);
    CHECK(fd >= 0 && read(fd, many, 37) == 37);
    printf("uuid: %.36s\n", (char *)many);
    print("AT_RANDOM", (unsigned char *)getauxval(AT_RANDOM), 16);
#if __GLIBC__ == 2 && __GLIBC_MINOR__ >= 36
    printf("arc4random: %08x\n", arc4random());
#endif
    return 0;
}
