// SPDX-License-Identifier: GPL-2.0
// A notifier chain tells everybody who asked when something happens. The highest priority is called first;
// NOTIFY_STOP keeps the event from the rest. A blocking chain may sleep, an atomic one may be called in interrupts.
#include <linux/module.h>
#include <linux/notifier.h>

static BLOCKING_NOTIFIER_HEAD(chain);
enum { DOOR_OPENS, DOOR_CLOSES, ALARM };

static int lamp(struct notifier_block *self, unsigned long event, void *data)
{
	pr_info("notifier: lamp hears event %lu of the %s door\n", event, (char *)data);
	return NOTIFY_OK;
}

static int watchman(struct notifier_block *self, unsigned long event, void *data)
{
	pr_info("notifier: watchman hears event %lu\n", event);
	if (event == ALARM)
		return NOTIFY_STOP;
	if (event == DOOR_CLOSES)
		return notifier_from_errno(-EBUSY);
	return NOTIFY_DONE;
}

static struct notifier_block lamp_block = { .notifier_call = lamp };
static struct notifier_block watchman_block = { .notifier_call = watchman, .priority = 10 };

static int __init notifier_init(void)
{
	int result;

	blocking_notifier_chain_register(&chain, &lamp_block);
	blocking_notifier_chain_register(&chain, &watchman_block);
	result = blocking_notifier_call_chain(&chain, DOOR_OPENS, "front");
	pr_info("notifier: open gives %#x\n", result);
	result = blocking_notifier_call_chain(&chain, DOOR_CLOSES, "front");
	pr_info("notifier: close gives %#x, error %d\n", result, notifier_to_errno(result));
	result = blocking_notifier_call_chain(&chain, ALARM, "back");
	pr_info("notifier: alarm gives %#x\n", result);
	blocking_notifier_chain_unregister(&chain, &watchman_block);
	result = blocking_notifier_call_chain(&chain, ALARM, "back");
	pr_info("notifier: alarm gives %#x\n", result);
	pr_info("notifier: unregistered twice: %d\n", blocking_notifier_chain_unregister(&chain, &watchman_block));
	return 0;
}

static void __exit notifier_exit(void)
{
	blocking_notifier_chain_unregister(&chain, &lamp_block);
}

module_init(notifier_init);
module_exit(notifier_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A chain of listeners");
