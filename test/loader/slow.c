// SPDX-License-Identifier: GPL-2.0
/* Sleeps in init and in exit, and exports. */
#include <linux/delay.h>
#include <linux/module.h>

static int enter, leave, result;
module_param(enter, int, 0444);
module_param(leave, int, 0644);
module_param(result, int, 0444);
int slow_export(int value)
{
	return value + 6;
}
EXPORT_SYMBOL_GPL(slow_export);
static int __init slow_init(void)
{
	pr_info("slow: init begins\n");
	msleep(enter);
	pr_info("slow: init ends\n");
	return result;
}
static void __exit slow_exit(void)
{
	pr_info("slow: exit begins, get %d\n", try_module_get(THIS_MODULE));
	msleep(leave);
	pr_info("slow: exit ends\n");
}
module_init(slow_init);
module_exit(slow_exit);
MODULE_LICENSE("GPL");
