// SPDX-License-Identifier: GPL-2.0
/* An exit and no init. */
#include <linux/module.h>

static void __exit exitonly_exit(void)
{
	pr_info("exitonly: leaves\n");
}
module_exit(exitonly_exit);
MODULE_LICENSE("Dual MIT/GPL");
