/* Threads that only sleep and look around, in turn, and an older one that they wake: it has its turn soon. */
#include "threads.h"

#include <poll.h>
#include <stdatomic.h>
#include <time.h>

enum { POLLERS = 4, LOOKS = 20, PATIENCE = 40 };

static atomic_int asked, answered;
static int question[2];

static void *answers(void *unused)
{
    CHECK(read(question[0], (char[1]){0}, 1) == 1);
    answered = 1;
    return unused;
}

static void *polls(void *is_to_ask)
{
    struct timespec moment = {0, 150000};
    struct pollfd nothing = {.fd = -1};
    for (int round = 0, since = 0; !answered; round++, since += asked) {
        CHECK(since < PATIENCE);
        if (is_to_ask && round == 50) {
            asked = 1;
            CHECK(write(question[1], "?", 1) == 1);
        }
        CHECK(nanosleep(&moment, NULL) == 0);
        /* Long enough for the others' sleep to end. */
        for (int i = 0; i < LOOKS; i++)
            CHECK(poll(&nothing, 1, 0) == 0);
    }
    return NULL;
}

int main(void)
{
    CHECK(pipe(question) == 0);
    pthread_t older = started(answers, NULL), pollers[POLLERS];
    for (int i = 0; i < POLLERS; i++)
        pollers[i] = started(polls, i ? NULL : question);
    joined(older);
    for (int i = 0; i < POLLERS; i++)
        joined(pollers[i]);
    puts("answered");
    return 0;
}
