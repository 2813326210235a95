/* cpuid in code that the program copies and runs there, and in a file that it maps itself: that one shows what the file has.
 * And clts, which Redrive may put in cpuid's place: the program's own raises SIGSEGV.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>

unsigned ask(unsigned leaf);
extern char behind_ask[];
asm(".text; .type ask, @function; ask: .cfi_startproc; push %rbx; mov %edi, %eax; xor %ecx, %ecx; cpuid;"
    "xor %ebx, %eax; xor %ecx, %eax; xor %edx, %eax; pop %rbx; ret; .cfi_endproc; .size ask, .-ask; behind_ask:");

static void in_a_copy(void)
{
    size_t length = behind_ask - (char *)ask;
    char *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(copy != MAP_FAILED);
    memcpy(copy, (char *)ask, length);
    for (unsigned leaf = 0; leaf < 2; leaf++)
        printf("%#x %d\n", ask(leaf), ask(leaf) == ((unsigned (*)(unsigned))copy)(leaf));
}

static void in_a_file(void)
{
    int fd = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    char *mapped = mmap(NULL, status.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    char *bytes = malloc(status.st_size);
    CHECK(mapped != MAP_FAILED && bytes && read(fd, bytes, status.st_size) == status.st_size);
    CHECK(memmem(bytes, status.st_size, "\x0f\xa2", 2));
    CHECK(memcmp(mapped, bytes, status.st_size) == 0);
}

static void step_over(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    CHECK(info->si_code == SI_KERNEL);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void of_its_own(void)
{
    unsigned long a = 1, b = 2, c = 3, d = 4;
    struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    asm volatile("clts" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
    CHECK(a == 1 && b == 2 && c == 3 && d == 4);
}

int main(void)
{
    of_its_own();
    in_a_copy();
    in_a_file();
    return 0;
}
