// SPDX-License-Identifier: GPL-2.0
// Uses exporter's functions: exporter must be loaded first, and cannot leave while this module is there.
#include <linux/module.h>

int exporter_add(int a, int b);
int exporter_multiply(int a, int b);

static int __init importer_init(void)
{
	pr_info("importer: 2 + 3 = %d, 2 * 3 = %d\n", exporter_add(2, 3), exporter_multiply(2, 3));
	return 0;
}

static void __exit importer_exit(void)
{
}

module_init(importer_init);
module_exit(importer_exit);
MODULE_LICENSE("GPL");
