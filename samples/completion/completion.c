// SPDX-License-Identifier: GPL-2.0
// One task waits for another: a completion. With a time limit the waiter learns that nothing came.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>

static DECLARE_COMPLETION(ready);
static DECLARE_COMPLETION(never);

static int helper(void *data)
{
	msleep(50);
	pr_info("completion: helper completes\n");
	/* Completes and ends in one step, so that no code of the module runs when it may already be unloaded. */
	kthread_complete_and_exit(&ready, 0);
}

static int __init completion_init(void)
{
	struct task_struct *thread = kthread_run(helper, NULL, "helper");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	pr_info("completion: done before: %d\n", completion_done(&ready));
	wait_for_completion(&ready);
	pr_info("completion: the waiter goes on\n");
	pr_info("completion: waiting in vain gives %lu\n", wait_for_completion_timeout(&never, msecs_to_jiffies(20)));
	return 0;
}

static void __exit completion_exit(void)
{
}

module_init(completion_init);
module_exit(completion_exit);
MODULE_LICENSE("GPL");
