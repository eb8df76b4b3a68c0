// SPDX-License-Identifier: GPL-2.0
// BUG() is for what can never be: the task that meets it dies on the spot, with all that it holds.
#include <linux/module.h>

static noinline void check(int legs)
{
	pr_info("bug: a dog with %d legs\n", legs);
	BUG_ON(legs > 4);
}

static int __init bug_sample_init(void)
{
	check(4);
	check(5);
	pr_info("bug: nobody comes here\n");
	return 0;
}

static void __exit bug_sample_exit(void)
{
}

module_init(bug_sample_init);
module_exit(bug_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Meets a BUG()");
