// SPDX-License-Identifier: GPL-2.0
/* Uses a proprietary module's export: inherits its taint. */
#include <linux/module.h>

int proprietary_export(int value);
int heir_export(int value)
{
	return value;
}
EXPORT_SYMBOL(heir_export);
static int __init heir_init(void)
{
	pr_info("heir: %d\n", proprietary_export(1));
	return 0;
}
static void __exit heir_exit(void)
{
}
module_init(heir_init);
module_exit(heir_exit);
MODULE_LICENSE("GPL");
