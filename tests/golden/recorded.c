/* What the golden archives record: two processes, a pipe, a handler, time, a file that is mapped; with an argument, code
 * that a timer interrupts.  musl-gcc -Os -static -s keeps the archives small. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static void wait_for_a_child(void)
{
    char word[8] = "";
    int ends[2], status;
    pipe(ends);
    if (fork() == 0) {
        write(ends[1], "child", 6);
        _exit(3);
    }
    read(ends[0], word, 6);
    wait(&status);
    printf("%s exited with %d\n", word, WEXITSTATUS(status));
}

static void be_interrupted(void)
{
    struct itimerval once = {.it_value = {.tv_usec = 20000}};
    unsigned long rounds = 0;
    setitimer(ITIMER_REAL, &once, NULL);
    while (signals < 2)
        rounds = rounds * 6364136223846793005u + 1442695040888963407u;
    printf("interrupted at %lx\n", rounds);
}

int main(int argc, char **argv)
{
    struct timespec now;
    const char *self = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
    signal(SIGALRM, count);
    raise(SIGALRM);
    wait_for_a_child();
    if (argc > 1)
        be_interrupted();
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%s: %d signals, at %ld.%09ld, the file begins with %.6s\n", argv[0], signals, now.tv_sec, now.tv_nsec,
           self == MAP_FAILED ? "nothing" : self);
    return 7;
}
