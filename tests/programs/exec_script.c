/* execve of scripts: an interpreter with an argument, a script whose interpreter is a script, one that is missing.
 * Output: varies */
#include "check.h"
#include <sys/stat.h>

static void script(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static int run(const char *name)
{
    pid_t child = forked();
    if (child == 0) {
        execl(name, name, "one argument", NULL);
        _exit(errno);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

int main(void)
{
    char folder[] = "/tmp/scriptsXXXXXX", nested[100];
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    script("plain", "#!/bin/sh -e\necho \"plain: $0 $1\"; false; exit 9\n");
    CHECK(run("./plain") == 1);
    snprintf(nested, sizeof nested, "#!%s/plain\n", folder);
    script("nested", nested);
    CHECK(run("./nested") == 1);
    script("lost", "#!/nonexistent/interpreter\n");
    CHECK(run("./lost") == ENOENT);
    script("loop", "#!./loop\n");
    CHECK(run("./loop") == ELOOP || run("./loop") == ENOEXEC);
    script("empty", "");
    CHECK(run("./empty") == ENOEXEC);
    CHECK(unlink("plain") + unlink("nested") + unlink("lost") + unlink("loop") + unlink("empty") == 0);
    CHECK(rmdir(folder) == 0);
    return 0;
}
