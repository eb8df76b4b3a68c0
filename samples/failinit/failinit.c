// SPDX-License-Identifier: GPL-2.0
// An init function that fails: its error is insmod's, and the module is not there afterwards.
#include <linux/module.h>

static int __init failinit_init(void)
{
	pr_err("failinit: no such device\n");
	return -ENODEV;
}

module_init(failinit_init);
MODULE_LICENSE("GPL");
