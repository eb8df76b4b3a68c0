// SPDX-License-Identifier: GPL-2.0
// An init function makes a module do something. One with init but without exit could never leave ("permanent"):
// so even a module with nothing to clean up has an exit function.
#include <linux/module.h>

static int __init removable_init(void)
{
	return 0;
}

static void __exit removable_exit(void)
{
}

module_init(removable_init);
module_exit(removable_exit);
MODULE_LICENSE("GPL");
