// SPDX-License-Identifier: GPL-2.0
/* Says what state each module comes to, and objects to one of a given name. */
#include <linux/module.h>
#include <linux/notifier.h>

static char *veto = "";
static int error = EPERM;
module_param(veto, charp, 0644);
module_param(error, int, 0644);
static int watch_call(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *module = data;

	pr_info("watch: %s state %lu refcount %d core %u init %u taints %lx sig_ok %d gpl %d\n", module->name, state, module_refcount(module), module->core_layout.size, module->init_layout.size, module->taints, module->sig_ok, module->using_gplonly_symbols);
	return state == MODULE_STATE_COMING && !strcmp(module->name, veto) ? notifier_from_errno(-error) : NOTIFY_OK;
}
static struct notifier_block watch_block = { .notifier_call = watch_call };
static int __init watch_init(void)
{
	return register_module_notifier(&watch_block);
}
static void __exit watch_exit(void)
{
	unregister_module_notifier(&watch_block);
}
module_init(watch_init);
module_exit(watch_exit);
MODULE_LICENSE("GPL");
