/* posix_spawn, system and popen: vfork-like clones with signals blocked, file actions, a program that is not there. */
#include "check.h"
#include <signal.h>
#include <spawn.h>

int main(void)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    pid_t child;
    char line[100];
    CHECK(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
    CHECK(posix_spawn_file_actions_addopen(&actions, 5, "/dev/null", O_RDONLY, 0) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    CHECK(posix_spawnattr_setsigmask(&attributes, &set) == 0);
    CHECK(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) == 0);
    char *arguments[] = {"sh", "-c", "read x <&5; kill -HUP $$; exit 7", NULL};
    for (int i = 0; i < 10; i++) {
        CHECK(posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ) == 0);
        reap(child, 7 << 8);
    }
    CHECK(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environ) == ENOENT);
    CHECK(posix_spawnp(&child, "true", NULL, NULL, (char *[]){"true", NULL}, environ) == 0);
    reap(child, 0);
    fflush(stdout);
    CHECK(system("exit 9") == 9 << 8 && system("kill -9 $$") == SIGKILL);
    FILE *pipe = popen("echo from popen; exit 4", "r");
    CHECK(pipe && fgets(line, sizeof line, pipe) && strcmp(line, "from popen\n") == 0 && pclose(pipe) == 4 << 8);
    pipe = popen("cat", "w");
    CHECK(pipe && fputs("to popen\n", pipe) >= 0 && pclose(pipe) == 0);
    puts("spawned");
    return 0;
}
