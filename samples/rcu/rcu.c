// SPDX-License-Identifier: GPL-2.0
// Read-copy-update: readers take no lock and never wait. A writer makes a new copy, publishes it, and frees the old one
// when no reader can still look at it: after synchronize_rcu(), or by call_rcu() without waiting.
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct setting {
	struct rcu_head rcu;
	int value;
};
static struct setting __rcu *setting;
static DEFINE_MUTEX(writers);
static int freed;

static void free_setting(struct rcu_head *head)
{
	struct setting *old = container_of(head, struct setting, rcu);

	pr_info("rcu: %d is freed\n", old->value);
	freed++;
	kfree(old);
}

static int read_setting(void)
{
	struct setting *now;
	int value;

	rcu_read_lock();
	now = rcu_dereference(setting);
	value = now ? now->value : -1;
	rcu_read_unlock();
	return value;
}

/* Gives the setting before, which the caller frees; or an error. */
static struct setting *change_setting(int value)
{
	struct setting *new = kmalloc(sizeof(*new), GFP_KERNEL);
	struct setting *old;

	if (!new)
		return ERR_PTR(-ENOMEM);
	new->value = value;
	mutex_lock(&writers);
	old = rcu_replace_pointer(setting, new, lockdep_is_held(&writers));
	mutex_unlock(&writers);
	return old;
}

static int __init rcu_sample_init(void)
{
	struct setting *old;

	pr_info("rcu: before: %d\n", read_setting());
	old = change_setting(1);
	if (IS_ERR(old))
		return PTR_ERR(old);
	pr_info("rcu: now %d\n", read_setting());
	old = change_setting(2);
	if (!IS_ERR(old)) {
		synchronize_rcu();
		pr_info("rcu: nobody reads %d any more\n", old->value);
		kfree(old);
	}
	old = change_setting(3);
	if (!IS_ERR(old))
		call_rcu(&old->rcu, free_setting);
	return 0;
}

static void __exit rcu_sample_exit(void)
{
	struct setting *last = rcu_dereference_protected(setting, true);

	pr_info("rcu: last %d\n", read_setting());
	RCU_INIT_POINTER(setting, NULL);
	call_rcu(&last->rcu, free_setting);
	/* Without this the callback might run when its code is gone. */
	rcu_barrier();
	pr_info("rcu: %d freed by callbacks\n", freed);
}

module_init(rcu_sample_init);
module_exit(rcu_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Readers that never wait");
