// SPDX-License-Identifier: GPL-2.0
/* Uses provider's plain export where it is there. */
#include <linux/module.h>

int __weak provider_plain(int value);
static int __init weak_init(void)
{
	int (*volatile function)(int) = provider_plain;

	if (function)
		pr_info("weak: %d\n", function(1));
	else
		pr_info("weak: nobody has it\n");
	return 0;
}
static void __exit weak_exit(void)
{
}
module_init(weak_init);
module_exit(weak_exit);
MODULE_LICENSE("GPL");
