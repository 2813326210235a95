/* Usage, limits, load, memory: structures full of numbers that differ every time.
 * Output: varies */
#include "check.h"
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

int main(void)
{
    struct rusage usage;
    struct rlimit limit, same;
    struct sysinfo system;
    struct utsname name;
    struct statvfs files;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    printf("%ld us, %ld kB, %ld faults\n", (long)usage.ru_utime.tv_usec, usage.ru_maxrss, usage.ru_minflt);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && prlimit(0, RLIMIT_NOFILE, NULL, &same) == 0 && limit.rlim_cur == same.rlim_cur);
    CHECK(prlimit(0, RLIMIT_NOFILE, &(struct rlimit){64, limit.rlim_max}, &same) == 0 && same.rlim_cur == limit.rlim_cur);
    CHECK(getrlimit(RLIMIT_NOFILE, &same) == 0 && same.rlim_cur == 64 && dup2(0, 63) == 63);
    CHECK_FAILS(dup2(0, 64), EBADF);
    CHECK(sysinfo(&system) == 0 && system.totalram > 0);
    printf("up %ld s, free %lu, load %lu\n", system.uptime, system.freeram, system.loads[0]);
    CHECK(uname(&name) == 0 && strcmp(name.sysname, "Linux") == 0);
    CHECK(statvfs("/tmp", &files) == 0);
    printf("%s %s, %lu blocks free, nice %d\n", name.release, name.machine, (unsigned long)files.f_bfree, getpriority(PRIO_PROCESS, 0));
    return 0;
}
