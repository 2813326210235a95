/* An environment of a megabyte: the initial stack is large, and all of it belongs to the snapshot. */
#include "check.h"

int main(void)
{
    if (!getenv("LAST")) {
        static char values[100][10100];
        static char *environment[102];
        for (int i = 0; i < 100; i++) {
            int length = sprintf(values[i], "VARIABLE_%d=", i);
            memset(values[i] + length, 'a' + i % 26, 10000);
            environment[i] = values[i];
        }
        environment[100] = "LAST=1";
        execle("/proc/self/exe", "program", NULL, environment);
        return 1;
    }
    int seen = 0;
    for (char **variable = environ; *variable; variable++) {
        int number;
        if (sscanf(*variable, "VARIABLE_%d=", &number) != 1)
            continue;
        const char *value = strchr(*variable, '=') + 1;
        CHECK(strlen(value) == 10000 && strspn(value, (char[]){'a' + number % 26, 0}) == 10000);
        seen++;
    }
    CHECK(seen == 100);
    puts("all there");
    return 0;
}
