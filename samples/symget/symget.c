// SPDX-License-Identifier: GPL-2.0
// symbol_get() looks for a function when the module runs, instead of when it is loaded: without exporter this module
// loads all the same. It holds exporter until symbol_put(). Only symbols exported by EXPORT_SYMBOL_GPL can be had.
#include <linux/module.h>

int exporter_add(int a, int b);
int exporter_multiply(int a, int b);

static typeof(&exporter_multiply) multiply;

static int __init symget_init(void)
{
	multiply = symbol_get(exporter_multiply);
	if (multiply)
		pr_info("symget: 6 * 7 = %d\n", multiply(6, 7));
	else
		pr_info("symget: nobody can multiply\n");
	if (symbol_get(exporter_add)) {
		pr_info("symget: add found\n");
		symbol_put(exporter_add);
	} else {
		pr_info("symget: add not found\n");
	}
	return 0;
}

static void __exit symget_exit(void)
{
	if (multiply)
		symbol_put(exporter_multiply);
}

module_init(symget_init);
module_exit(symget_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Uses a function of another module if it is there");
