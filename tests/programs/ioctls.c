/* ioctl: FIONREAD of pipe, file and socket, FIONBIO, FIOCLEX, the interfaces' nested SIOCGIFCONF, file flags, one that nobody knows.
 * Output: varies */
#include "check.h"
#include <arpa/inet.h>
#include <linux/fs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
    int line[2], value = -1, flags = 0, udp = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(pipe(line) == 0 && write(line[1], "seven b", 7) == 7 && ioctl(line[0], FIONREAD, &value) == 0 && value == 7);
    CHECK(ioctl(line[0], FIONBIO, &(int){1}) == 0 && fcntl(line[0], F_GETFL) & O_NONBLOCK);
    CHECK(ioctl(line[0], FIOCLEX) == 0 && fcntl(line[0], F_GETFD) == FD_CLOEXEC && ioctl(line[0], FIONCLEX) == 0);
    int file = open("/proc/self/exe", O_RDONLY);
    CHECK(ioctl(file, FIONREAD, &value) == 0 && value > 1000);
    printf("flags %d: %x\n", ioctl(file, FS_IOC_GETFLAGS, &flags), flags);

    struct ifreq requests[20];
    struct ifconf all = {.ifc_len = sizeof requests, .ifc_req = requests};
    CHECK(udp >= 0 && ioctl(udp, SIOCGIFCONF, &all) == 0 && all.ifc_len % sizeof *requests == 0);
    for (unsigned i = 0; i < all.ifc_len / sizeof *requests; i++) {
        printf("%s %s\n", requests[i].ifr_name, inet_ntoa(((struct sockaddr_in *)&requests[i].ifr_addr)->sin_addr));
        CHECK(ioctl(udp, SIOCGIFFLAGS, requests + i) == 0 && requests[i].ifr_flags & IFF_UP);
    }
    struct ifreq loopback = {.ifr_name = "lo"};
    CHECK(ioctl(udp, SIOCGIFINDEX, &loopback) == 0 && ioctl(udp, SIOCGIFMTU, &loopback) == 0);
    printf("mtu %d\n", loopback.ifr_mtu);
    CHECK_FAILS(ioctl(file, TIOCGWINSZ, &value), ENOTTY);
    CHECK_FAILS(ioctl(line[0], _IOR('?', 200, char[40]), &value), ENOTTY);
    CHECK_FAILS(ioctl(999, FIONREAD, &value), EBADF);
    return 0;
}
