/* What the program reads about itself in /proc: maps agree with its addresses, exe, fd, status, auxv, and no descriptor of the recorder's.
 * Output: varies */
#include "check.h"
#include <dirent.h>

int main(void)
{
    char line[500], self[300] = "";
    unsigned long low, high;
    int of_main = 0, of_stack = 0, descriptors = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        CHECK(sscanf(line, "%lx-%lx", &low, &high) == 2);
        of_main |= (unsigned long)main >= low && (unsigned long)main < high && strstr(line, "r-xp");
        of_stack |= (unsigned long)line >= low && (unsigned long)line < high && strstr(line, "[stack]");
        fputs(line, stdout);
    }
    CHECK(of_main && of_stack && fclose(maps) == 0);
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    printf("exe %s\n", self);
    DIR *open_folder = opendir("/proc/self/fd");
    while (readdir(open_folder))
        descriptors++;
    CHECK(closedir(open_folder) == 0);
    printf("%d entries\n", descriptors);
    CHECK(descriptors == 2 + 4); /* 0, 1, 2 and the folder itself */
    unsigned long vector[100];
    int file = open("/proc/self/auxv", O_RDONLY);
    ssize_t size = read(file, vector, sizeof vector);
    CHECK(size > 0);
    for (unsigned i = 0; i < size / 8; i += 2)
        printf("%lu=%lx ", vector[i], vector[i + 1]);
    puts("");
    return 0;
}
