/* The runner: code that executes a list of syscalls inside a tracee, see stub_code.c. */

/* Its bytes, which run at any address; `length` receives how many.  The last one is the int3 at which it stops. */
const void *redrive_stub_code(uint32_t *length);
