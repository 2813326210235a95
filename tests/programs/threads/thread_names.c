/* Names of threads: by prctl, by others through /proc, as /proc/self/task lists them.
 * Compile: -pthread */
#include "threads.h"
#include <dirent.h>
#include <sys/prctl.h>

enum { THREADS = 5 };

static volatile uint32_t named, over;

static void *has_a_name(void *argument)
{
    char name[16];
    snprintf(name, sizeof name, "worker %ld", (long)argument);
    CHECK(prctl(PR_SET_NAME, name) == 0);
    change(&named, (uint32_t)(long)argument + 1);
    await_change(&over, 0);
    CHECK(prctl(PR_GET_NAME, name) == 0);
    return strdup(name);
}

static int by_text(const void *left, const void *right) { return strcmp(left, right); }

static void show_names(void)
{
    char names[THREADS + 1][40];
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        CHECK(count <= THREADS && file && fgets(names[count++], 40, file));
        fclose(file);
    }
    closedir(folder);
    qsort(names, count, sizeof names[0], by_text);
    for (int i = 0; i < count; i++)
        fputs(names[i], stdout);
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        threads[i] = started(has_a_name, (void *)i);
        await_change(&named, (uint32_t)i);
    }
    CHECK(pthread_setname_np(threads[2], "renamed") == 0 && pthread_setname_np(pthread_self(), "leader") == 0);
    show_names();
    change(&over, 1);
    for (int i = 0; i < THREADS; i++) {
        char *name = joined(threads[i]);
        puts(name);
        free(name);
    }
    return 0;
}
