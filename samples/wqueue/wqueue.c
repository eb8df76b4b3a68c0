// SPDX-License-Identifier: GPL-2.0
// Work that runs later, in a kernel thread: on the system's queue, on an own one, and after a delay.
#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void say(struct work_struct *work);
static DECLARE_WORK(first, say);
static DECLARE_WORK(second, say);
static DECLARE_DELAYED_WORK(later, say);

static void say(struct work_struct *work)
{
	pr_info("wqueue: %s runs\n", work == &first ? "first" : work == &second ? "second" : "later");
}

static int __init workqueue_sample_init(void)
{
	queue = alloc_workqueue("sample_queue", 0, 1);
	if (!queue)
		return -ENOMEM;
	pr_info("wqueue: queued %d\n", schedule_work(&first));
	flush_work(&first);
	queue_work(queue, &second);
	flush_workqueue(queue);
	pr_info("wqueue: delayed %d, again %d\n", queue_delayed_work(queue, &later, HZ / 10), queue_delayed_work(queue, &later, HZ / 10));
	return 0;
}

static void __exit workqueue_sample_exit(void)
{
	pr_info("wqueue: cancelled %d\n", cancel_delayed_work_sync(&later));
	destroy_workqueue(queue);
}

module_init(workqueue_sample_init);
module_exit(workqueue_sample_exit);
MODULE_LICENSE("GPL");
