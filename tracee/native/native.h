/* All that Python calls.  The headers that are named here are also read by cffi, which takes no directives, so they hold
 * declarations only; native_build.py names them too.
 *
 * Functions return 0 or a count on success and -errno on failure, unless they say otherwise.
 * A waiting function that a signal interrupts returns -EINTR; the tracee has been resumed then, so wait for it again.
 */
#include <stddef.h>
#include <stdint.h>

#include "task_state.h"
#include "tracee_memory.h"
#include "spawn_tracee.h"
#include "step.h"
#include "stub_code.h"
#include "tracer.h"
