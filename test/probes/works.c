// SPDX-License-Identifier: GPL-2.0
/* Workqueues: what runs at the same time, what waits for what. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static void slow(struct work_struct *w);
static void quick(struct work_struct *w) { pr_info("quick in %.8s\n", current->comm); }
static void again(struct work_struct *w);
static DECLARE_WORK(slow1, slow);
static DECLARE_WORK(slow2, slow);
static DECLARE_WORK(quick1, quick);
static DECLARE_WORK(repeat, again);
static DECLARE_DELAYED_WORK(later, quick);
static int rounds;
static void slow(struct work_struct *w) { int n = w == &slow1 ? 1 : 2; pr_info("slow %d begins\n", n); msleep(40 * n); pr_info("slow %d ends\n", n); }
static void again(struct work_struct *w) { pr_info("round %d\n", ++rounds); if (rounds < 3) schedule_work(&repeat); }
struct kw { struct kthread_work work; int n; };
static void kworked(struct kthread_work *w) { pr_info("kthread work %d in %s\n", container_of(w, struct kw, work)->n, current->comm); }

static int __init works_init(void)
{
	struct workqueue_struct *one = alloc_ordered_workqueue("ordered%d", 0, 1), *many = alloc_workqueue("many", WQ_UNBOUND, 0); struct kthread_worker *kw; static struct kw k1 = { .n = 1 }, k2 = { .n = 2 };
	pr_info("both sleep at the same time\n");
	queue_work(many, &slow1); queue_work(many, &slow2); flush_workqueue(many);
	pr_info("one after the other\n");
	queue_work(one, &slow1); queue_work(one, &slow2); queue_work(one, &quick1); flush_workqueue(one);
	pr_info("system queue\n");
	schedule_work(&slow1); schedule_work(&quick1); pr_info("again: %d\n", schedule_work(&quick1)); flush_work(&quick1); pr_info("flush slow: %d\n", flush_work(&slow1)); pr_info("flush again: %d\n", flush_work(&slow1));
	pr_info("delayed: %d\n", schedule_delayed_work(&later, HZ / 10)); pr_info("delayed: %d pending %d\n", schedule_delayed_work(&later, 1), delayed_work_pending(&later));
	pr_info("cancel: %d\n", cancel_delayed_work_sync(&later)); pr_info("cancel: %d\n", cancel_delayed_work_sync(&later));
	pr_info("mod: %d\n", mod_delayed_work(system_wq, &later, HZ)); pr_info("mod: %d\n", mod_delayed_work(system_wq, &later, 1)); msleep(30);
	schedule_delayed_work(&later, HZ); pr_info("flush delayed: %d\n", flush_delayed_work(&later));
	schedule_work(&repeat); msleep(20); pr_info("rounds %d\n", rounds);
	queue_work(one, &slow2); queue_work(one, &quick1); msleep(10); pr_info("cancel waiting %d\n", cancel_work_sync(&quick1)); pr_info("cancel running %d\n", cancel_work_sync(&slow2));
	destroy_workqueue(one); destroy_workqueue(many);
	kw = kthread_create_worker(0, "probe-worker"); kthread_init_work(&k1.work, kworked); kthread_init_work(&k2.work, kworked);
	pr_info("kthread: %d", kthread_queue_work(kw, &k1.work)); pr_cont(" %d", kthread_queue_work(kw, &k2.work)); pr_cont("\n"); kthread_flush_worker(kw); kthread_destroy_worker(kw);
	return -ENODEV;
}
module_init(works_init);
MODULE_LICENSE("GPL");
