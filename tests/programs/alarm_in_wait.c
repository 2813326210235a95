/* A signal interrupts wait, semop, msgrcv, futex, accept and pause. */
#include "check.h"
#include <linux/futex.h>
#include <signal.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile int alarms;

static void handler(int signal) { alarms += signal == SIGALRM; }

static void soon(void)
{
    struct itimerval timer = {.it_value.tv_usec = 10000};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    int status, word = 0, semaphores = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);
    struct sembuf down = {0, -1, 0};
    struct {
        long type;
        char text[8];
    } message;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    pid_t child = forked();
    if (child == 0)
        for (;;)
            pause();
    soon();
    CHECK_FAILS(waitpid(child, &status, 0), EINTR);
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
    soon();
    CHECK_FAILS(semop(semaphores, &down, 1), EINTR);
    soon();
    CHECK_FAILS(msgrcv(queue, &message, sizeof message.text, 0, 0), EINTR);
    soon();
    CHECK_FAILS(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL), EINTR);
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listening, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)) == 0 && listen(listening, 1) == 0);
    soon();
    CHECK_FAILS(accept(listening, NULL, NULL), EINTR);
    soon();
    CHECK_FAILS(pause(), EINTR);
    CHECK(alarms == 6);
    CHECK(semctl(semaphores, 0, IPC_RMID) == 0 && msgctl(queue, IPC_RMID, NULL) == 0);
    puts("six interruptions");
    return 0;
}
