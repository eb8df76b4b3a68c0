// SPDX-License-Identifier: GPL-2.0
// WARN() reports where it is and goes on.
#include <linux/module.h>

static int __init warn_init(void)
{
	WARN(1, "warn: something is odd: %d\n", 17);
	pr_info("warn: still here\n");
	return 0;
}

static void __exit warn_exit(void)
{
}

module_init(warn_init);
module_exit(warn_exit);
MODULE_LICENSE("GPL");
