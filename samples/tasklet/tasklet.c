// SPDX-License-Identifier: GPL-2.0
// A tasklet runs soon, in a soft interrupt: it must not sleep. Scheduled twice before it ran, it runs once.
// Here soft interrupts are held back by local_bh_disable(), so that the order can be seen.
#include <linux/interrupt.h>
#include <linux/module.h>

static int runs;

static void work(struct tasklet_struct *tasklet)
{
	pr_info("tasklet: run %d, in_softirq %s\n", ++runs, in_serving_softirq() ? "yes" : "no");
}
static DECLARE_TASKLET(tasklet, work);
static DECLARE_TASKLET_DISABLED(sleeper, work);

static int __init tasklet_sample_init(void)
{
	local_bh_disable();
	tasklet_schedule(&tasklet);
	tasklet_schedule(&tasklet);
	pr_info("tasklet: scheduled twice\n");
	local_bh_enable();
	pr_info("tasklet: %d run(s) until now\n", runs);

	/* A disabled tasklet can be scheduled, but runs only when it is enabled. */
	local_bh_disable();
	tasklet_schedule(&sleeper);
	local_bh_enable();
	pr_info("tasklet: %d run(s) until now\n", runs);
	tasklet_enable(&sleeper);
	return 0;
}

static void __exit tasklet_sample_exit(void)
{
	tasklet_kill(&tasklet);
	tasklet_kill(&sleeper);
	pr_info("tasklet: %d runs in all\n", runs);
}

module_init(tasklet_sample_init);
module_exit(tasklet_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Work in a soft interrupt");
