/* posix_spawn from several threads: file actions, attributes, a program that is not there; what the children write.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <spawn.h>

enum { THREADS = 4, ROUNDS = 3 };

extern char **environ;

static void *spawns(void *argument)
{
    long number = (long)argument;
    for (int round = 0; round < ROUNDS; round++) {
        char text[40] = "", command[80];
        int line[2];
        pid_t child;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t mask;
        CHECK(pipe2(line, O_CLOEXEC) == 0 && posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
        CHECK(posix_spawn_file_actions_adddup2(&actions, line[1], 1) == 0);
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR1);
        CHECK(posix_spawnattr_setsigmask(&attributes, &mask) == 0 && posix_spawnattr_setpgroup(&attributes, 0) == 0);
        CHECK(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) == 0);
        snprintf(command, sizeof command, "echo child %ld.%d; exit %ld", number, round, number + 3);
        char *words[] = {"sh", "-c", command, NULL};
        CHECK(posix_spawn(&child, "/nowhere", &actions, &attributes, words, environ) == ENOENT);
        CHECK(posix_spawn(&child, "/bin/sh", &actions, &attributes, words, environ) == 0 && close(line[1]) == 0);
        int length = 0;
        for (long got; (got = read(line[0], text + length, sizeof text - 1 - length)) > 0;)
            length += got;
        snprintf(command, sizeof command, "child %ld.%d\n", number, round);
        CHECK(strcmp(text, command) == 0 && close(line[0]) == 0);
        reap(child, (int)(number + 3) << 8);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(spawns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    puts("twelve spawned");
    return 0;
}
