/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_AS_LINUX_H
#define _LINUX_AS_LINUX_H
/* What an older release showed to tracers; see kernel/entry/as_linux.c. */
#include <linux/types.h>

struct pt_regs;

enum as_linux_regime { AS_LINUX_ITSELF, AS_LINUX_R1, AS_LINUX_R2 };

enum as_linux_regime as_linux_regime(void);
long as_linux_trace_enter(struct pt_regs *regs, bool filtered, bool emulated);
bool as_linux_has_syscall(unsigned long nr);
bool as_linux_has_prctl(int option);
bool as_linux_has_request(long request);
#endif
