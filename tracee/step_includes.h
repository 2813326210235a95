/* What step.h needs to be a C header; step.h itself is also read by cffi, which takes no directives. */
#include <stddef.h>
#include <stdint.h>

#include "step.h"
