/* A tracee's memory. */

/* Bytes moved, which are fewer than asked for when the rest is not mapped.  Writing ignores page protection. */
int64_t redrive_read(int tid, uint64_t address, void *buffer, uint64_t length);
int64_t redrive_write(int tid, uint64_t address, const void *buffer, uint64_t length);
/* Reads `count` (at most 64) extents one after the other into buffer; -EFAULT unless all are readable. */
int64_t redrive_gather(int tid, unsigned count, const uint64_t *addresses, const uint64_t *lengths, void *buffer);
