// SPDX-License-Identifier: GPL-2.0
/* Says that its license is proprietary; uses and exports what anybody may. */
#include <linux/module.h>

int proprietary_export(int value)
{
	return value + 5;
}
EXPORT_SYMBOL(proprietary_export);
static int __init proprietary_init(void)
{
	pr_info("proprietary: loaded\n");
	return 0;
}
static void __exit proprietary_exit(void)
{
}
module_init(proprietary_init);
module_exit(proprietary_exit);
MODULE_LICENSE("Proprietary");
