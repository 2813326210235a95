/* Does what can be seen from outside: files, a connection to the port given, a signal to the process given, a program, a sleep.
 * Used by: test_outside_view.py */
#include "check.h"
#include <arpa/inet.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

int main(int count, char **arguments)
{
    CHECK(count == 3);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0), file = open("created", O_CREAT | O_EXCL | O_WRONLY, 0600);
    CHECK(connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(send(connection, "hello", 5, 0) == 5);
    CHECK(file >= 0 && write(file, "content", 7) == 7 && mkdir("folder", 0700) == 0 && unlink("victim") == 0);
    CHECK(rename("old-name", "new-name") == 0 && truncate("counted", 0) == 0 && symlink("created", "link") == 0);
    CHECK(kill(atoi(arguments[2]), SIGUSR1) == 0);
    pid_t child = forked();
    if (child == 0) {
        execl("/bin/touch", "touch", "touched", NULL);
        _exit(1);
    }
    reap(child, 0);
    CHECK(syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 1000000}, NULL) == 0);
    for (int i = 0; i < 1000; i++)
        syscall(SYS_getpid);
    char random[8];
    CHECK(getrandom(random, sizeof random, 0) == sizeof random);
    puts("all done");
    return 0;
}
