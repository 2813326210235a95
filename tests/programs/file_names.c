/* Programs and files with names that are no UTF-8, have spaces, newlines and escape sequences in them. */
#include "check.h"
#include <sys/stat.h>

int main(int count, char **arguments)
{
    if (count > 1) {
        CHECK(strcmp(arguments[1], "\xff\xfe\n\x1b[31m \"'\\") == 0 && strcmp(getenv("ODD"), "\x80=\xff") == 0);
        printf("%s\n", arguments[1]);
        return 0;
    }
    char folder[] = "/tmp/namesXXXXXX", *odd = "\xff \n\x1b]0;x\a";
    CHECK(mkdtemp(folder) && chdir(folder) == 0 && symlink("/proc/self/exe", "\xe9\n") == 0);
    CHECK(close(open(odd, O_CREAT | O_WRONLY, 0600)) == 0 && unlink(odd) == 0);
    CHECK(setenv("ODD", "\x80=\xff", 1) == 0);
    pid_t child = forked();
    if (child == 0)
        execl("/proc/self/exe", "\xff\xfe", "\xff\xfe\n\x1b[31m \"'\\", NULL);
    reap(child, 0);
    CHECK(unlink("\xe9\n") == 0 && rmdir(folder) == 0);
    return 0;
}
