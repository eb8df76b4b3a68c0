// SPDX-License-Identifier: GPL-2.0
// Reads through a NULL pointer. The kernel reports an oops and kills insmod; the module stays half loaded.
#include <linux/module.h>

static int *volatile nowhere;

static int __init nullread_init(void)
{
	pr_info("oops: about to read from NULL\n");
	return *nowhere;
}

static void __exit nullread_exit(void)
{
}

module_init(nullread_init);
module_exit(nullread_exit);
MODULE_LICENSE("GPL");
