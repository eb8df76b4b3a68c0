// SPDX-License-Identifier: GPL-2.0
// A kernel thread that sleeps between its turns, until kthread_stop() asks it to end.
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int work(void *data)
{
	int turn = 0;

	pr_info("kthread: %s starts with %d\n", current->comm, *(int *)data);
	while (!kthread_should_stop()) {
		if (turn < 3)
			pr_info("kthread: turn %d\n", ++turn);
		msleep(50);
	}
	pr_info("kthread: ends after turn %d\n", turn);
	return turn;
}

static int __init kthread_sample_init(void)
{
	static int seven = 7;

	thread = kthread_run(work, &seven, "worker-%d", 1);
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit kthread_sample_exit(void)
{
	pr_info("kthread: stop gives %d\n", kthread_stop(thread));
}

module_init(kthread_sample_init);
module_exit(kthread_sample_exit);
MODULE_LICENSE("GPL");
