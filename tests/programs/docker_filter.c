/* Runs a command under a seccomp filter that refuses what Docker's default profile refuses a container without capabilities.
 * Used by: test_many_recordings.py */
#include "check.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)

enum { CLONE3 = 435, NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                  CLONE_NEWCGROUP };

/* Answered with EPERM whatever their arguments are. */
static const int refused[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module, SYS_fanotify_init, SYS_finit_module,
    SYS_get_mempolicy, SYS_init_module, SYS_ioperm, SYS_iopl, SYS_kcmp, SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl,
    SYS_lookup_dcookie, SYS_mbind, SYS_mount, SYS_move_pages, SYS_open_by_handle_at, SYS_perf_event_open, SYS_pivot_root,
    SYS_quotactl, SYS_reboot, SYS_request_key, SYS_set_mempolicy, SYS_setns, SYS_settimeofday, SYS_swapoff, SYS_swapon,
    SYS_syslog, SYS_umount2, SYS_unshare, SYS_userfaultfd, SYS_vhangup, 425, 426, 427 /* io_uring_* */,
};

int main(int count, char **arguments)
{
    enum { REFUSED = sizeof refused / sizeof *refused };
    struct sock_filter program[100] = {
        LOAD(nr),
        EQUAL(CLONE3, 0, 1), REFUSE(ENOSYS),
        EQUAL(SYS_clone, 0, 4), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)NAMESPACES, 0, 1), REFUSE(EPERM), ALLOW,
        /* personality: only a few that mean "as usual" */
        EQUAL(SYS_personality, 0, 6), LOAD(args[0]), EQUAL(0, 3, 0), EQUAL(8, 2, 0), EQUAL(0xffffffff, 1, 0), REFUSE(EPERM), ALLOW,
    };
    int length = 15;
    for (int i = 0; i < REFUSED; i++) {
        program[length++] = (struct sock_filter)EQUAL(refused[i], 0, 1);
        program[length++] = (struct sock_filter)REFUSE(EPERM);
    }
    program[length++] = (struct sock_filter)ALLOW;
    CHECK(count > 1);
    if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 1 || geteuid() != 0) /* Docker needs no such thing, as its runtime is root */
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){length, program}) == 0);
    CHECK_FAILS(syscall(SYS_personality, 0x40000), EPERM);
    CHECK_FAILS(syscall(CLONE3, 0, 0), ENOSYS);
    CHECK_FAILS(syscall(SYS_unshare, 0), EPERM);
    execvp(arguments[1], arguments + 1);
    dprintf(2, "%s: %s\n", arguments[1], strerror(errno));
    return 127;
}
