/* Ten megabytes through a pipe to a child that sends them back: writes block in the middle, while the reader is not scheduled. */
#include "check.h"

enum { SIZE = 10 << 20 };
static unsigned char data[SIZE];

int main(void)
{
    int there[2], back[2];
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    if (forked() == 0) {
        size_t got = 0;
        ssize_t part;
        close(there[1]);
        while ((part = read(there[0], data + got, SIZE - got)) > 0)
            got += part;
        CHECK(got == SIZE && write(back[1], data, SIZE) == SIZE);
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    for (int i = 0; i < SIZE; i++)
        data[i] = i * 7 + (i >> 13);
    CHECK(write(there[1], data, SIZE) == SIZE && close(there[1]) == 0);
    memset(data, 0, SIZE);
    for (ssize_t part, got = 0; got < SIZE; got += part)
        CHECK((part = read(back[0], data + got, SIZE - got)) > 0);
    for (int i = 0; i < SIZE; i++)
        CHECK(data[i] == (unsigned char)(i * 7 + (i >> 13)));
    CHECK(wait(NULL) > 0);
    puts("ten megabytes, there and back");
    return 0;
}
