// SPDX-License-Identifier: GPL-2.0
// What others see of a module while its init function still runs: it is "Loading" and has a reference, nobody can load or
// unload it, and its init section's symbols are there too, with those that it imports.
#include <linux/delay.h>
#include <linux/module.h>

static int seconds __initdata = 2;

static int __init slowinit_init(void)
{
	ssleep(seconds);
	pr_info("slowinit: init is over\n");
	return 0;
}

static void __exit slowinit_exit(void)
{
}

int slowinit_answer(void);
int slowinit_answer(void)
{
	return 42;
}
EXPORT_SYMBOL(slowinit_answer);

module_init(slowinit_init);
module_exit(slowinit_exit);
MODULE_LICENSE("GPL");
