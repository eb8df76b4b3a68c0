// SPDX-License-Identifier: GPL-2.0
/* Exports a name that provider exports as well. */
#include <linux/module.h>

int again_first;
EXPORT_SYMBOL(again_first);
int again_second;
EXPORT_SYMBOL_GPL(again_second);
static int __init again_init(void)
{
	return 0;
}
static void __exit again_exit(void)
{
}
module_init(again_init);
module_exit(again_exit);
MODULE_LICENSE("Dual MPL/GPL");
