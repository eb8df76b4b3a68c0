// SPDX-License-Identifier: GPL-2.0
// A high-resolution timer counts nanoseconds, not jiffies. Its function runs in interrupt context and says whether
// the timer starts again; hrtimer_forward_now() moves the expiry on by whole periods, so that no drift adds up.
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>

static struct hrtimer timer;
static ktime_t period;
static ktime_t started;
static int left = 3;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	s64 ms = ktime_to_ms(ktime_sub(ktime_get(), started));

	pr_info("hrtimer: %d left, %s, %s\n", left, ms >= 20 ? "in time" : "too early", in_hardirq() ? "in interrupt" : "not in interrupt");
	if (--left == 0)
		return HRTIMER_NORESTART;
	started = ktime_get();
	hrtimer_forward_now(timer, period);
	return HRTIMER_RESTART;
}

static int __init hrtimer_sample_init(void)
{
	period = ms_to_ktime(40);
	started = ktime_get();
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = tick;
	hrtimer_start(&timer, period, HRTIMER_MODE_REL);
	pr_info("hrtimer: active %d\n", hrtimer_active(&timer));
	return 0;
}

static void __exit hrtimer_sample_exit(void)
{
	pr_info("hrtimer: was active %d\n", hrtimer_cancel(&timer));
}

module_init(hrtimer_sample_init);
module_exit(hrtimer_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A high-resolution timer that starts again");
