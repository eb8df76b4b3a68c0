// SPDX-License-Identifier: GPL-2.0
/* Holds references to itself and to others. */
#include <linux/module.h>

static int set_self(const char *text, const struct kernel_param *kp)
{
	int count;

	if (kstrtoint(text, 0, &count))
		return -EINVAL;
	for (; count > 0; count--)
		__module_get(THIS_MODULE);
	for (; count < 0; count++)
		module_put(THIS_MODULE);
	return 0;
}
static int get_self(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%d\n", module_refcount(THIS_MODULE));
}
static const struct kernel_param_ops self_ops = { .set = set_self, .get = get_self };
module_param_cb(self, &self_ops, NULL, 0644);
static int set_symbol(const char *text, const struct kernel_param *kp)
{
	char name[64];
	void *symbol;

	strscpy(name, strim((char *)text), sizeof(name));
	symbol = __symbol_get(name);
	pr_info("holder: symbol %s %s\n", name, symbol ? "found" : "not found");
	return symbol ? 0 : -ENOENT;
}
static int set_put(const char *text, const struct kernel_param *kp)
{
	char name[64];

	strscpy(name, strim((char *)text), sizeof(name));
	__symbol_put(name);
	return 0;
}
static const struct kernel_param_ops symbol_ops = { .set = set_symbol }, put_ops = { .set = set_put };
module_param_cb(symbol, &symbol_ops, NULL, 0200);
module_param_cb(put, &put_ops, NULL, 0200);
static int __init holder_init(void)
{
	return 0;
}
static void __exit holder_exit(void)
{
	pr_info("holder: leaves with %d references\n", module_refcount(THIS_MODULE));
}
module_init(holder_init);
module_exit(holder_exit);
MODULE_LICENSE("GPL");
