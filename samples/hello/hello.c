// SPDX-License-Identifier: GPL-2.0
// The first module: it says when it enters the kernel and when it leaves.
// module_init() names the function that runs at insmod, module_exit() the one that runs at rmmod.
#include <linux/init.h>
#include <linux/module.h>

static int __init hello_init(void)
{
	pr_info("hello: entered the kernel\n");
	return 0;
}

static void __exit hello_exit(void)
{
	pr_info("hello: left the kernel\n");
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("kobox authors");
MODULE_DESCRIPTION("Says hello and goodbye");
