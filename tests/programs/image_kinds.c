/* Every kind of executable, and what of its address space ASLR and the kernel choose.
 * Output: varies
 * Compile: -fpie -pie
 * Compile: -fno-pie -no-pie
 * Compile: -static -fno-pie -no-pie
 * Compile: -fpie -static-pie */
#include "check.h"
#include <sys/auxv.h>
#include <sys/mman.h>

static int in_data = 17;
static int in_bss;

int main(int count, char **arguments)
{
    int on_stack;
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *allocated = malloc(10);
    CHECK(in_data == 17 && in_bss == 0 && count == 1);
    printf("main %p data %p bss %p stack %p mapped %p allocated %p brk %p\n", (void *)main, (void *)&in_data, (void *)&in_bss,
           (void *)&on_stack, mapped, allocated, sbrk(0));
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    for (int i = 0; i < 16; i++)
        printf("%02x", random[i]);
    printf(" AT_RANDOM of %s, base %lx entry %lx phdr %lx execfn %s\n", arguments[0], getauxval(AT_BASE), getauxval(AT_ENTRY),
           getauxval(AT_PHDR), (char *)getauxval(AT_EXECFN));
    return 0;
}
