/* Output that never was in the program's memory: sendfile, splice, tee and copy_file_range to stdout; replay must show it too. */
#include "check.h"
#include <sys/sendfile.h>
#include <sys/wait.h>

int main(void)
{
    char name[] = "/tmp/sentXXXXXX";
    int file = mkstemp(name), line[2], other[2];
    CHECK(file >= 0 && unlink(name) == 0 && pipe(line) == 0 && pipe(other) == 0);
    CHECK(write(file, "sent by sendfile\nspliced from a file\ncopied\n", 44) == 44);
    CHECK(sendfile(1, file, &(off_t){0}, 17) == 17);
    CHECK(splice(file, &(loff_t){17}, line[1], NULL, 20, 0) == 20);
    CHECK(tee(line[0], other[1], 20, 0) == 20);
    for (int i = 0; i < 2; i++) {
        char text[20];
        int from = i ? other[0] : line[0];
        ssize_t moved = splice(from, NULL, 1, NULL, 20, 0);
        if (moved < 0) /* stdout is not what splice can write to */
            CHECK(read(from, text, 20) == 20 && write(1, text, 20) == 20);
        else
            CHECK(moved == 20);
    }
    if (copy_file_range(file, &(loff_t){37}, 1, NULL, 7, 0) != 7)
        CHECK(sendfile(1, file, &(off_t){37}, 7) == 7);
    puts("written");
    fflush(stdout);
    CHECK(vmsplice(line[1], &(struct iovec){"vmspliced\n", 10}, 1, 0) == 10);
    CHECK(splice(line[0], NULL, 1, NULL, 10, 0) == 10 || (read(line[0], name, 10) == 10 && write(1, name, 10) == 10));
    return 0;
}
