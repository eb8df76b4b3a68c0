// SPDX-License-Identifier: GPL-2.0
/* Neither init nor exit. */
#include <linux/module.h>

int empty_variable = 7;
EXPORT_SYMBOL_GPL(empty_variable);
MODULE_LICENSE("Dual BSD/GPL");
