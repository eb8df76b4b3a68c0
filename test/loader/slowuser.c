// SPDX-License-Identifier: GPL-2.0
/* Uses slow's export. */
#include <linux/module.h>

int slow_export(int value);
static int __init slowuser_init(void)
{
	pr_info("slowuser: %d\n", slow_export(1));
	return 0;
}
static void __exit slowuser_exit(void)
{
}
module_init(slowuser_init);
module_exit(slowuser_exit);
MODULE_LICENSE("GPL");
