/* What a stopped task holds besides its memory: registers, vector state, signal mask, siginfo, debug registers. */

/* struct user_regs_struct of sys/user.h, with the names the ABI document uses. */
struct redrive_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags, rsp, ss,
        fs_base, gs_base, ds, es, fs, gs;
};

int redrive_set_registers(int tid, const struct redrive_registers *registers);
int redrive_get_registers(int tid, struct redrive_registers *registers);
int64_t redrive_get_xstate(int tid, void *buffer, uint64_t length);
int redrive_set_xstate(int tid, const void *buffer, uint64_t length);
int redrive_get_signal_mask(int tid, uint64_t *mask);
int redrive_set_signal_mask(int tid, uint64_t mask);
int redrive_set_siginfo(int tid, const void *siginfo);
int redrive_set_debug_register(int tid, int number, uint64_t value);
int redrive_request(int request, int tid, uint64_t address, uint64_t data);

/* Identity of the file behind a descriptor of the task: st_dev and st_ino, through /proc/TID/fd. */
int redrive_file_identity(int tid, int descriptor, uint64_t *device_and_inode);

int redrive_tgkill(int tgid, int tid, int signal);
