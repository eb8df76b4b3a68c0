// SPDX-License-Identifier: GPL-2.0
/* Exports of each kind. */
#include <linux/module.h>

int provider_plain(int value)
{
	return value + 1;
}
EXPORT_SYMBOL(provider_plain);
int provider_gpl(int value)
{
	return value + 2;
}
EXPORT_SYMBOL_GPL(provider_gpl);
int provider_space(int value)
{
	return value + 3;
}
EXPORT_SYMBOL_NS(provider_space, LOADER_SPACE);
int provider_gpl_space(int value)
{
	return value + 4;
}
EXPORT_SYMBOL_NS_GPL(provider_gpl_space, LOADER_SPACE);
int provider_refs(void)
{
	return module_refcount(THIS_MODULE);
}
EXPORT_SYMBOL_GPL(provider_refs);
static int __init provider_init(void)
{
	return 0;
}
static void __exit provider_exit(void)
{
	pr_info("provider: leaves with %d references\n", module_refcount(THIS_MODULE));
}
module_init(provider_init);
module_exit(provider_exit);
MODULE_LICENSE("GPL");
