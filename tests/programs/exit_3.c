/* exit_group with a status; what atexit prints comes before.
 * Exit: 3 */
#include "check.h"

static void last_words(void) { puts("last words"); }

int main(void)
{
    CHECK(atexit(last_words) == 0);
    exit(3);
}
