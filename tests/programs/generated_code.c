/* Code that is written at run time, changed between calls, and mapped twice: once to write and once to run. */
#include "check.h"
#include <sys/mman.h>

typedef int function(void);

static void write_code(unsigned char *code, int value)
{
    code[0] = 0xb8; /* mov eax, value; ret */
    memcpy(code + 1, &value, 4);
    code[5] = 0xc3;
}

int main(void)
{
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 20; i++) {
        CHECK(mprotect(code, 4096, PROT_READ | PROT_WRITE) == 0);
        write_code(code, i * 1000);
        CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0 && ((function *)(void *)code)() == i * 1000);
    }
    int memory = nameless_file();
    CHECK(memory >= 0 && ftruncate(memory, 4096) == 0);
    unsigned char *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    function *runs = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0);
    for (int i = 0; i < 1000; i++) {
        write_code(writable, i);
        CHECK(runs() == i);
    }
    unsigned char *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* mov eax, 39; syscall; ret: a syscall from generated code */
    memcpy(both, "\xb8\x27\0\0\0\x0f\x05\xc3", 8);
    CHECK(((function *)(void *)both)() == getpid());
    puts("generated");
    return 0;
}
