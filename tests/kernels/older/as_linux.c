// SPDX-License-Identifier: GPL-2.0
/*
 * Compiled into a Linux 5.10 by make_older.  Booted with as_linux=3.10, 4.4 or 4.7 it shows tracers what that release
 * did: seccomp before the syscall-entry-stop, when the flags of PTRACE_SYSCALL and PTRACE_SYSEMU are read, and none of the
 * syscalls and requests that came later.  Written from tests/eras (what those kernels were seen to do), and checked
 * against it: see check_older.
 */
#include <linux/as_linux.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/string.h>
#include <linux/tracehook.h>
#include <linux/utsname.h>

struct release {
	const char *name, *uname;
	enum as_linux_regime regime;
	unsigned long last_syscall;	/* syscall_64.tbl of that release */
	int last_prctl;			/* include/uapi/linux/prctl.h of that release */
};

static const struct release releases[] __initconst = {
	{ "3.10", "3.10.0-as", AS_LINUX_R1, 313, PR_GET_TID_ADDRESS },
	{ "4.4", "4.4.0-as", AS_LINUX_R2, 325, PR_CAP_AMBIENT },
	{ "4.7", "4.7.0-as", AS_LINUX_R2, 328, PR_CAP_AMBIENT },
};

static struct release shown __ro_after_init;

static int __init choose(char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(releases); i++) {
		if (strcmp(name, releases[i].name))
			continue;
		shown = releases[i];
		strscpy(init_uts_ns.name.release, shown.uname, sizeof(init_uts_ns.name.release));
		return 0;
	}
	panic("as_linux: no release %s", name);
}
early_param("as_linux", choose);

enum as_linux_regime as_linux_regime(void)
{
	return shown.regime;
}

/* Returns the syscall to make, or -1 for none. */
long as_linux_trace_enter(struct pt_regs *regs, bool filtered, bool emulated)
{
	long skipped = 0;

	if (filtered && __secure_computing(NULL))
		return -1;
	/* R1 reads the flag of PTRACE_SYSEMU now, after the seccomp stop; R2 has read it before. */
	if (shown.regime == AS_LINUX_R1)
		emulated = test_thread_flag(TIF_SYSCALL_EMU);
	if (emulated)
		skipped = -1;
	if ((skipped || test_thread_flag(TIF_SYSCALL_TRACE)) && tracehook_report_syscall_entry(regs))
		skipped = -1;
	return skipped ?: (long)regs->orig_ax;
}

bool as_linux_has_syscall(unsigned long nr)
{
	return !shown.regime || nr <= shown.last_syscall;
}

bool as_linux_has_prctl(int option)
{
	return !shown.regime || option <= shown.last_prctl || option == PR_SET_PTRACER;
}

bool as_linux_has_request(long request)
{
	switch (request) {
	case PTRACE_GETSIGMASK:			/* 3.11 */
	case PTRACE_SETSIGMASK:
	case PTRACE_SECCOMP_GET_FILTER:		/* 4.4 */
		return shown.regime != AS_LINUX_R1;
	case PTRACE_SECCOMP_GET_METADATA:	/* 4.16 */
	case PTRACE_GET_SYSCALL_INFO:		/* 5.3 */
		return !shown.regime;
	default:
		return true;
	}
}
