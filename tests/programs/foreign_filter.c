/* Runs a command under seccomp filters, and supervises it where they ask for that: foreign_filter RULE... -- COMMAND.
 * A rule is NUMBER=ACTION or NUMBER/FIRST_ARGUMENT=ACTION; actions are errno:N, trap, kill, trace, answer:N (by the
 * supervisor), continue (the supervisor lets it run) and never (the supervisor does not answer).
 * Used by: test_foreign_filter.py and test_old_kernel.py */
#include "seccomp.h"
#include <poll.h>
#include <sys/ioctl.h>

#ifdef SECCOMP_IOCTL_NOTIF_RECV
enum { RULES = 200 };
static struct rule {
    int number, answer, lets_run, stays_silent;
} supervised[RULES];
static int supervised_count;

static unsigned action_of(int number, const char *action)
{
    int value = strchr(action, ':') ? atoi(strchr(action, ':') + 1) : 0;
    if (strncmp(action, "errno", 5) == 0)
        return SECCOMP_RET_ERRNO | value;
    if (strcmp(action, "trap") == 0)
        return SECCOMP_RET_TRAP;
    if (strcmp(action, "kill") == 0)
        return SECCOMP_RET_KILL_PROCESS;
    if (strcmp(action, "trace") == 0)
        return SECCOMP_RET_TRACE;
    CHECK(strncmp(action, "answer", 6) == 0 || strcmp(action, "continue") == 0 || strcmp(action, "never") == 0);
    supervised[supervised_count++] = (struct rule){number, value, action[0] == 'c', action[0] == 'n'};
    return SECCOMP_RET_USER_NOTIF;
}

static int install(char **rules, int count)
{
    struct sock_filter program[RULES * 6];
    int length = 0;
    CHECK(count <= RULES);
    for (int i = 0; i < count; i++) {
        char *end;
        int number = strtol(rules[i], &end, 0);
        program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, *end == '/' ? 3 : 1);
        if (*end == '/') {
            program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
            program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, strtol(end + 1, &end, 0), 0, 1);
        }
        program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action_of(number, end + 1));
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    struct sock_fprog filter = {length, program};
    if (supervised_count == 0) /* seccomp(2) came with Linux 3.17 */
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

static void answer_one(int listener)
{
    struct seccomp_notif request = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
        return;
    struct seccomp_notif_resp answer = {.id = request.id};
    for (int i = 0; i < supervised_count; i++)
        if (supervised[i].number == request.data.nr) {
            if (supervised[i].stays_silent)
                return;
            answer.val = supervised[i].answer;
            answer.flags = supervised[i].lets_run ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
        }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static int supervise(int listener, pid_t child)
{
    int status;
    struct pollfd waited = {listener, POLLIN, 0};
    while (waitpid(child, &status, WNOHANG) == 0)
        if (poll(&waited, 1, 20) > 0 && waited.revents & POLLIN)
            answer_one(listener);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **arguments)
{
    int first = 1;
    while (first < count && strcmp(arguments[first], "--") != 0)
        first++;
    CHECK(first + 1 < count);
    int listener = install(arguments + 1, first - 1);
    SKIP_UNLESS(listener >= 0, "no such filter on this kernel");
    if (supervised_count) {
        pid_t child = forked();
        if (child != 0)
            return supervise(listener, child);
        close(listener);
    }
    execvp(arguments[first + 1], arguments + first + 1);
    dprintf(2, "%s: %s\n", arguments[first + 1], strerror(errno));
    return 127;
}
#else
int main(void) { SKIP_UNLESS(0, "headers without SECCOMP_RET_USER_NOTIF"); }
#endif
