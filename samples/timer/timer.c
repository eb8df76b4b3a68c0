// SPDX-License-Identifier: GPL-2.0
// A kernel timer that starts itself again: its function runs in interrupt context and must not sleep.
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timer.h>

static int left = 3;
static void tick(struct timer_list *timer);
static DEFINE_TIMER(timer, tick);

static void tick(struct timer_list *timer)
{
	pr_info("timer: %d left, in_interrupt %s\n", left, in_interrupt() ? "yes" : "no");
	if (--left > 0)
		mod_timer(timer, jiffies + msecs_to_jiffies(100));
}

static int __init timer_start(void)
{
	mod_timer(&timer, jiffies + msecs_to_jiffies(100));
	pr_info("timer: pending %d\n", timer_pending(&timer));
	return 0;
}

static void __exit timer_stop(void)
{
	pr_info("timer: was pending %d\n", del_timer_sync(&timer));
}

module_init(timer_start);
module_exit(timer_stop);
MODULE_LICENSE("GPL");
