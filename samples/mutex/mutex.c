// SPDX-License-Identifier: GPL-2.0
// Two threads want the same mutex: the second sleeps until the first gives it back.
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static struct task_struct *threads[2];

static int contender(void *name)
{
	mutex_lock(&lock);
	pr_info("mutex: %s has the lock\n", (char *)name);
	msleep(100);
	pr_info("mutex: %s gives it back\n", (char *)name);
	mutex_unlock(&lock);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int __init mutex_sample_init(void)
{
	threads[0] = kthread_run(contender, "first", "first");
	if (IS_ERR(threads[0]))
		return PTR_ERR(threads[0]);
	msleep(20);
	pr_info("mutex: locked %d, trylock %d\n", mutex_is_locked(&lock), mutex_trylock(&lock));
	threads[1] = kthread_run(contender, "second", "second");
	if (IS_ERR(threads[1])) {
		kthread_stop(threads[0]);
		return PTR_ERR(threads[1]);
	}
	return 0;
}

static void __exit mutex_sample_exit(void)
{
	kthread_stop(threads[0]);
	kthread_stop(threads[1]);
	pr_info("mutex: locked %d\n", mutex_is_locked(&lock));
}

module_init(mutex_sample_init);
module_exit(mutex_sample_exit);
MODULE_LICENSE("GPL");
