// SPDX-License-Identifier: GPL-2.0
/* A module that loads and leaves, with a parameter and a version. */
#include <linux/module.h>

static int number = 1;
module_param(number, int, 0644);
static int __init plain_init(void)
{
	pr_info("plain: number %d, refcount %d, state %d, get %d\n", number, module_refcount(THIS_MODULE), THIS_MODULE->state, try_module_get(THIS_MODULE));
	module_put(THIS_MODULE);
	return 0;
}
static void __exit plain_exit(void)
{
	pr_info("plain: refcount %d, state %d, get %d\n", module_refcount(THIS_MODULE), THIS_MODULE->state, try_module_get(THIS_MODULE));
}
module_init(plain_init);
module_exit(plain_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
