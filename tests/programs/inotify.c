/* inotify: events of different lengths in one read, for what a child does to files. */
#include "check.h"
#include <limits.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int main(void)
{
    char folder[] = "/tmp/watchedXXXXXX", buffer[8000] __attribute__((aligned(8))), names[1000] = "";
    int watcher = inotify_init1(IN_CLOEXEC), ready = 0;
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    int watch = inotify_add_watch(watcher, ".", IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE);
    CHECK(watch >= 0);
    pid_t child = forked();
    if (child == 0) {
        CHECK(close(open("a", O_CREAT | O_WRONLY, 0600)) == 0 && rename("a", "a-longer-name") == 0);
        CHECK(mkdir("folder", 0700) == 0 && rmdir("folder") == 0 && unlink("a-longer-name") == 0);
        _exit(0);
    }
    reap(child, 0);
    CHECK(ioctl(watcher, FIONREAD, &ready) == 0 && ready > 0 && read(watcher, buffer, sizeof buffer) == ready);
    for (int at = 0; at < ready;) {
        struct inotify_event *event = (struct inotify_event *)(buffer + at);
        CHECK(event->wd == watch);
        sprintf(names + strlen(names), "%x:%s ", event->mask, event->len ? event->name : "");
        at += sizeof *event + event->len;
    }
    puts(names);
    CHECK(inotify_rm_watch(watcher, watch) == 0 && chdir("/") == 0 && rmdir(folder) == 0);
    return 0;
}
