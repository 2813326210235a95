/* What the kernel would do behind a recorder's back is refused as an old kernel would: ENOSYS, and programs fall back.
 * Output: varies */
#include "check.h"
#include <linux/if_packet.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>

#ifndef SYS_rseq
#define SYS_rseq 334
#endif

static const struct {
    const char *name;
    long number, first, second, third;
} refused[] = {
    {"io_uring_setup", 425, 8, 0, 0},
    {"io_uring_enter", 426, -1, 0, 0},
    {"io_uring_register", 427, -1, 0, 0},
    {"userfaultfd", SYS_userfaultfd, -1, 0, 0},
    {"clone3", 435, 0, 64, 0},
    {"rseq", SYS_rseq, 0, 0, 1},
    {"io_setup", SYS_io_setup, 0, 0, 0},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        long result = syscall(refused[i].number, refused[i].first, refused[i].second, refused[i].third, 0, 0, 0);
        CHECK(result == -1);
        if (recorded())
            CHECK(errno == ENOSYS || errno == EPERM /* by a container's filter, which answers first */);
        printf("%s: %s\n", refused[i].name, strerror(errno));
    }
    int packets = socket(AF_PACKET, SOCK_RAW, 0); /* whoever may not have one has nothing to be refused */
    if (packets >= 0) {
        struct tpacket_req ring = {4096, 1, 2048, 2};
        long result = setsockopt(packets, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring);
        printf("PACKET_RX_RING: %ld\n", result);
        if (recorded())
            CHECK(result == -1 && errno == ENOPROTOOPT);
    }
    if (forked() == 0) /* glibc's own fork and posix_spawn still work */
        _exit(0);
    CHECK(wait(NULL) > 0 && system("exit 3") == 3 << 8);
    return 0;
}
