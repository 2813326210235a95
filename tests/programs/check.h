/* What every fixture stands on.  Its words go to stderr, unbuffered, so that a failing child says where it failed. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the process with status 1 and a line on stderr unless the condition holds. */
#define CHECK(condition)                                                                             \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            dprintf(2, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);     \
            _exit(1);                                                                                \
        }                                                                                            \
    } while (0)

/* The call must fail with exactly this errno. */
#define CHECK_FAILS(call, error)                                                                     \
    do {                                                                                             \
        errno = 0;                                                                                   \
        CHECK((call) == -1 && errno == (error));                                                     \
    } while (0)

/* Ends the program with status 77, which the test reports as skipped. */
#define SKIP_UNLESS(condition, reason)                                                               \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            dprintf(2, "skipped: %s\n", reason);                                                     \
            _exit(77);                                                                               \
        }                                                                                            \
    } while (0)

/* Whether this run is being recorded: the test says so, as a fixture cannot know. */
static inline int recorded(void) { return getenv("FIXTURE_RECORDED") != NULL; }

/* Whether the recorder, which has this program's capabilities, can follow one whose ids are each another user's. */
static inline int may_look_into_anybody(void) { return prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE, 0, 0, 0) == 1; }

/* fork that first flushes stdio, so that nothing is printed twice. */
static inline pid_t forked(void)
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    return child;
}

/* An empty file that has no name; kernels before 3.17 have no memfd_create. */
static inline int nameless_file(void)
{
    int file = syscall(SYS_memfd_create, "nameless", 0);
    char path[] = "/tmp/nameless-XXXXXX";
    if (file < 0 && errno == ENOSYS)
        CHECK((file = mkstemp(path)) >= 0 && unlink(path) == 0);
    CHECK(file >= 0);
    return file;
}

/* Waits for a child, which must end with this wait status. */
static inline void reap(pid_t child, int expected)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    if (status != expected)
        dprintf(2, "child ended with wait status %#x, not %#x\n", status, expected);
    CHECK(status == expected);
}

#endif
