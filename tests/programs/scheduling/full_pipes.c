/* Threads that fill pipes and wait for room in them, in a chain; the last one adds up what has come through.
 * Compile: -pthread */
#include "threads.h"
enum { STAGES = 4, BYTES = 300000, PIECE = 7000 };

static int lines[STAGES + 1][2];

static void *passes_on(void *argument)
{
    long stage = (long)argument, length;
    static __thread unsigned char piece[PIECE];
    while ((length = read(lines[stage][0], piece, sizeof piece)) > 0) {
        for (long i = 0; i < length; i++)
            piece[i]++;
        for (long done = 0, part; done < length; done += part)
            CHECK((part = write(lines[stage + 1][1], piece + done, (size_t)(length - done))) > 0);
    }
    CHECK(length == 0 && close(lines[stage + 1][1]) == 0);
    return NULL;
}

static void *begins(void *unused)
{
    static unsigned char piece[PIECE];
    for (long done = 0, part; done < BYTES; done += part) {
        memset(piece, (int)(done / PIECE), PIECE);
        CHECK((part = write(lines[0][1], piece, (size_t)(BYTES - done < PIECE ? BYTES - done : PIECE))) > 0);
    }
    CHECK(close(lines[0][1]) == 0);
    return unused;
}

int main(void)
{
    pthread_t threads[STAGES + 1];
    for (int i = 0; i <= STAGES; i++)
        CHECK(pipe(lines[i]) == 0);
    for (long i = 0; i < STAGES; i++)
        threads[i] = started(passes_on, (void *)i);
    threads[STAGES] = started(begins, NULL);
    unsigned char piece[PIECE];
    unsigned long sum = 0, total = 0;
    for (long length; (length = read(lines[STAGES][0], piece, sizeof piece)) > 0; total += (unsigned long)length)
        for (long i = 0; i < length; i++)
            sum = sum * 31 + piece[i];
    for (int i = 0; i <= STAGES; i++)
        joined(threads[i]);
    CHECK(total == BYTES);
    printf("%lx\n", sum);
    return 0;
}
