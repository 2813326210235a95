/* Signals that are ignored, by default or by choice, do not end epoll_wait, semop or sigtimedwait. */
#include "check.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/sem.h>

static void disturb(int line, int semaphores)
{
    pid_t parent = getppid();
    for (int i = 0; i < 3; i++) {
        usleep(10000);
        CHECK(kill(parent, SIGWINCH) == 0 && kill(parent, SIGUSR1) == 0);
    }
    usleep(10000);
    CHECK(write(line, "x", 1) == 1);
    usleep(10000);
    CHECK(kill(parent, SIGURG) == 0);
    usleep(10000);
    struct sembuf up = {0, 1, 0};
    CHECK(semop(semaphores, &up, 1) == 0);
    usleep(10000);
    CHECK(kill(parent, SIGWINCH) == 0);
    usleep(10000);
    CHECK(kill(parent, SIGUSR2) == 0);
    _exit(0);
}

int main(void)
{
    int line[2], poll = epoll_create1(0), semaphores = semget(IPC_PRIVATE, 1, 0600);
    struct epoll_event event = {.events = EPOLLIN};
    sigset_t awaited;
    CHECK(pipe(line) == 0 && poll >= 0 && semaphores >= 0);
    CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, line[0], &event) == 0);
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    CHECK(sigemptyset(&awaited) == 0 && sigaddset(&awaited, SIGUSR2) == 0 && sigprocmask(SIG_BLOCK, &awaited, NULL) == 0);
    pid_t other = forked();
    if (other == 0)
        disturb(line[1], semaphores);
    pid_t brief = forked();
    if (brief == 0)
        _exit(0);
    CHECK(epoll_wait(poll, &event, 1, -1) == 1);
    struct sembuf down = {0, -1, 0};
    CHECK(semop(semaphores, &down, 1) == 0);
    CHECK(sigtimedwait(&awaited, NULL, NULL) == SIGUSR2);
    CHECK(semctl(semaphores, 0, IPC_RMID) == 0);
    reap(brief, 0);
    reap(other, 0);
    puts("undisturbed");
    return 0;
}
