// SPDX-License-Identifier: GPL-2.0
/* Uses GPL-only exports of the kernel and a proprietary module's. */
#include <linux/module.h>
#include <linux/kobject.h>

int proprietary_export(int value);
static int __init mixed_init(void)
{
	pr_info("mixed: %d %d\n", proprietary_export(1), kernel_kobj != NULL);
	return 0;
}
static void __exit mixed_exit(void)
{
}
module_init(mixed_init);
module_exit(mixed_exit);
MODULE_LICENSE("GPL");
