// SPDX-License-Identifier: GPL-2.0
/* Uses provider's plain export only. */
#include <linux/module.h>

int provider_plain(int value);
static int __init user_init(void)
{
	pr_info("user: %d\n", provider_plain(1));
	return 0;
}
static void __exit user_exit(void)
{
}
module_init(user_init);
module_exit(user_exit);
MODULE_LICENSE("GPL");
