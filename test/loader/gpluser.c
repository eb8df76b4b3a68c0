// SPDX-License-Identifier: GPL-2.0
/* Uses all of provider's exports and imports its namespace. */
#include <linux/module.h>

int provider_plain(int value);
int provider_gpl(int value);
int provider_space(int value);
int provider_gpl_space(int value);
int provider_refs(void);
static int __init gpluser_init(void)
{
	pr_info("gpluser: %d %d %d %d, provider has %d\n", provider_plain(1), provider_gpl(1), provider_space(1), provider_gpl_space(1), provider_refs());
	return 0;
}
static void __exit gpluser_exit(void)
{
}
module_init(gpluser_init);
module_exit(gpluser_exit);
MODULE_LICENSE("GPL and additional rights");
MODULE_IMPORT_NS(LOADER_SPACE);
