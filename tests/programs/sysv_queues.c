/* semctl's arrays and msgctl's structures: a union argument whose meaning depends on the command. */
#include "check.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>

int main(void)
{
    unsigned short values[5] = {1, 2, 3, 4, 5}, seen[5] = {0};
    struct semid_ds state;
    struct msqid_ds queue_state;
    int set = semget(IPC_PRIVATE, 5, 0600), queue = msgget(IPC_PRIVATE, 0600);
    CHECK(set >= 0 && queue >= 0 && semctl(set, 0, SETALL, values) == 0 && semctl(set, 0, GETALL, seen) == 0);
    CHECK(memcmp(values, seen, sizeof values) == 0 && semctl(set, 3, GETVAL) == 4 && semctl(set, 3, SETVAL, 40) == 0);
    CHECK(semctl(set, 0, IPC_STAT, &state) == 0 && state.sem_nsems == 5 && state.sem_perm.cuid == getuid());
    struct sembuf operations[] = {{3, -40, 0}, {0, 1, SEM_UNDO}};
    CHECK(semop(set, operations, 2) == 0 && semctl(set, 0, GETVAL) == 2 && semctl(set, 3, GETPID) == getpid());
    CHECK_FAILS(semtimedop(set, &(struct sembuf){3, -1, 0}, 1, &(struct timespec){.tv_nsec = 1000000}), EAGAIN);
    CHECK(semctl(set, 0, IPC_RMID) == 0);

    struct {
        long type;
        char text[100];
    } message = {3, "the third"};
    CHECK(msgsnd(queue, &message, 10, 0) == 0);
    message.type = 1;
    strcpy(message.text, "the first");
    CHECK(msgsnd(queue, &message, 10, 0) == 0 && msgctl(queue, IPC_STAT, &queue_state) == 0 && queue_state.msg_qnum == 2);
    memset(&message, 0, sizeof message);
    CHECK(msgrcv(queue, &message, 100, -2, 0) == 10 && message.type == 1 && strcmp(message.text, "the first") == 0);
    CHECK(msgrcv(queue, &message, 4, 0, MSG_NOERROR) == 4 && message.type == 3);
    CHECK_FAILS(msgrcv(queue, &message, 100, 0, IPC_NOWAIT), ENOMSG);
    CHECK(msgctl(queue, IPC_RMID, NULL) == 0);
    puts("arrays and structures");
    return 0;
}
