// SPDX-License-Identifier: GPL-2.0
// A module can offer functions to others. EXPORT_SYMBOL_GPL offers them to GPL-compatible modules only.
#include <linux/module.h>

int exporter_add(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL(exporter_add);

int exporter_multiply(int a, int b)
{
	return a * b;
}
EXPORT_SYMBOL_GPL(exporter_multiply);

MODULE_LICENSE("GPL");
