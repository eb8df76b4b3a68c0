// SPDX-License-Identifier: GPL-2.0
/* Its init returns what it is told. */
#include <linux/module.h>

static int value;
module_param(value, int, 0444);
static int __init returns_init(void)
{
	return value;
}
static void __exit returns_exit(void)
{
	pr_info("returns: leaves\n");
}
module_init(returns_init);
module_exit(returns_exit);
MODULE_LICENSE("GPL v2");
