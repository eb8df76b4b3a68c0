// SPDX-License-Identifier: GPL-2.0
// The smallest module: a license and nothing else. With neither init nor exit it can be unloaded again.
#include <linux/module.h>

MODULE_LICENSE("GPL");
