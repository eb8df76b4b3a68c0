// SPDX-License-Identifier: GPL-2.0
/* An init and no exit: it cannot be unloaded but by force. */
#include <linux/module.h>

static int __init permanent_init(void)
{
	return 0;
}
module_init(permanent_init);
MODULE_LICENSE("GPL");
