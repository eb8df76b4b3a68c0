// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of oops, WARN, BUG and panic, and every place where one may happen. Write "KIND" or "KIND PLACE" to /dev/oopses.
 * The scripts beside this file say which; tools/record-oopses.sh records what the real kernel says of each.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

static int writable = 1;
static const int constant = 17;
static int after_init __ro_after_init = 18;

/* ---- Kinds */

static noinline void warn(void) { WARN_ON(writable); }
static noinline void warn_text(void) { WARN(writable, "oopses: %d is odd\n", 17); }
static noinline void warn_on_once(void) { WARN_ON_ONCE(writable); }
static noinline void warn_once(void) { WARN_ONCE(writable, "oopses: once\n"); }
static noinline void warn_taint(void) { WARN_TAINT(writable, TAINT_CRAP, "oopses: crap\n"); }
static noinline void warn_two_lines(void) { WARN(writable, "oopses: first\nsecond"); }
static noinline void dump(void) { dump_stack(); }
static noinline void bug(void) { BUG(); }
static noinline void bug_on(void) { BUG_ON(writable); }
static noinline void ud2(void) { asm volatile("ud2"); }
static noinline void int3(void) { asm volatile("int3"); }

static noinline int read_at(const int *place) { return READ_ONCE(*place); }
static noinline void write_at(int *place) { WRITE_ONCE(*place, 1); }
static noinline int call_at(int (*function)(void)) { return function() + 1; }

#define KERNEL_HOLE 0xffffe00000001230UL
static noinline void null_read(void) { read_at((int *)0x10); }
static noinline void null_write(void) { write_at(NULL); }
static noinline void null_call(void) { call_at(NULL); }
static noinline void user_read(void) { read_at((int *)0x7fff12345678); }
static noinline void user_write(void) { write_at((int *)0x7fff12345678); }
static noinline void user_call(void) { call_at((void *)0x12345678); }
static noinline void hole_read(void) { read_at((int *)KERNEL_HOLE); }
static noinline void hole_write(void) { write_at((int *)KERNEL_HOLE); }
static noinline void hole_call(void) { call_at((void *)KERNEL_HOLE); }
static noinline void error_read(void) { read_at(ERR_PTR(-ENOMEM)); }
static noinline void text_write(void) { write_at((int *)&read_at); }
static noinline void rodata_write(void) { write_at((int *)&constant); }
static noinline void ro_after_init_write(void) { write_at(&after_init); }
static noinline void data_call(void) { call_at((void *)&writable); }
static noinline void rodata_call(void) { call_at((void *)&constant); }
static noinline void heap_call(void) { call_at(kzalloc(64, GFP_KERNEL)); }
static noinline void odd_read(void) { read_at((int *)0x6b6b6b6b6b6b6b6bUL); }
static noinline void odd_write(void) { write_at((int *)0xdead000000000122UL); }
static noinline void odd_call(void) { call_at((void *)0x6b6b6b6b6b6b6b6bUL); }
static noinline void divide_zero(void) { int zero = writable - 1; writable = 100 / zero + 1; }
static noinline void divide_overflow(void)
{
	asm volatile("movl $0x80000000, %%eax; cltd; movl $-1, %%ecx; idivl %%ecx" ::: "rax", "rcx", "rdx");
}

/* All registers hold what the report can be compared with; so do the flags. */
#define KNOWN \
	"movabs $0x1111111111111111, %%rax; movabs $0x2222222222222222, %%rbx; movabs $0x3333333333333333, %%rcx;" \
	"movabs $0x4444444444444444, %%rsi; movabs $0x5555555555555555, %%rdi; movabs $0x6666666666666666, %%rbp;" \
	"movabs $0x7777777777777777, %%r8; movabs $0x8888888888888888, %%r9; movabs $0x9999999999999999, %%r10;" \
	"movabs $0xaaaaaaaaaaaaaaaa, %%r11; movabs $0xbbbbbbbbbbbbbbbb, %%r12; movabs $0xcccccccccccccccc, %%r13;" \
	"movabs $0xdddddddddddddddd, %%r14; movabs $0xeeeeeeeeeeeeeeee, %%r15; xorl %%edx, %%edx;"
#define ALL "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory"
static noinline void registers_fault(void) { asm volatile(KNOWN "cmpl $0x55555555, %%ecx; movl 0x18(%%rdx), %%eax" ::: ALL); }
static noinline void registers_ud2(void) { asm volatile(KNOWN "addb $0x7f, %%al; ud2" ::: ALL); }
static noinline void registers_divide(void) { asm volatile(KNOWN "negl %%ecx; divl %%edx" ::: ALL); }
static noinline void registers_odd(void) { asm volatile(KNOWN "testl %%esi, %%esi; movb %%al, 5(%%r8,%%rdx,4)" ::: ALL); }

static noinline void list_add_null(void) { struct list_head head = {}, entry; list_add(&entry, &head); }
static noinline void list_add_twice(void) { LIST_HEAD(head); static struct list_head entry; list_add(&entry, &head); list_add(&entry, &head); }
static noinline void list_add_broken(void)
{
	LIST_HEAD(head);
	struct list_head other = LIST_HEAD_INIT(other), entry;

	head.next = &other;
	list_add(&entry, &head);
}
static noinline void list_del_null(void) { struct list_head entry = {}; list_del(&entry); }
static noinline void list_del_twice(void) { LIST_HEAD(head); struct list_head entry; list_add(&entry, &head); list_del(&entry); list_del(&entry); }
static noinline void list_del_broken(void)
{
	LIST_HEAD(head);
	struct list_head entry, other = LIST_HEAD_INIT(other);

	list_add(&entry, &head);
	head.next = &other;
	list_del(&entry);
}

static noinline void refcount_zero(void) { refcount_t count = REFCOUNT_INIT(0); refcount_inc(&count); }
static noinline void refcount_under(void) { refcount_t count = REFCOUNT_INIT(0); if (refcount_dec_and_test(&count)) writable++; }
static noinline void refcount_leak(void) { refcount_t count = REFCOUNT_INIT(1); refcount_dec(&count); }
static noinline void refcount_many(void) { refcount_t count = REFCOUNT_INIT(INT_MAX); refcount_inc(&count); }
static noinline void refcount_not_zero(void) { refcount_t count = REFCOUNT_INIT(INT_MAX); if (refcount_inc_not_zero(&count)) writable++; }

static noinline int recurse(int depth)
{
	volatile char room[512];

	room[0] = depth;
	return recurse(depth + 1) + room[0];
}
static noinline void overflow(void) { writable = recurse(0); }
static noinline void smash(char *from, int count) { while (count--) WRITE_ONCE(*from++, 0x41); }
static noinline void canary(void) { char room[16]; smash(room, 40); }
static noinline void panics(void) { panic("oopses: %d is too much\n", 17); }
/* The scheduler puts the count right. */
static noinline void sleeps(void) { preempt_disable(); msleep(1); }

struct kind {
	const char *name;
	void (*run)(void);
};
#define KIND(function) { #function, function }
static const struct kind kinds[] = {
	KIND(warn), KIND(warn_text), KIND(warn_on_once), KIND(warn_once), KIND(warn_taint), KIND(warn_two_lines), KIND(dump),
	KIND(bug), KIND(bug_on), KIND(ud2), KIND(int3), KIND(divide_zero), KIND(divide_overflow),
	KIND(null_read), KIND(null_write), KIND(null_call), KIND(user_read), KIND(user_write), KIND(user_call),
	KIND(hole_read), KIND(hole_write), KIND(hole_call), KIND(error_read), KIND(text_write), KIND(rodata_write),
	KIND(ro_after_init_write), KIND(data_call), KIND(rodata_call), KIND(heap_call), KIND(odd_read), KIND(odd_write), KIND(odd_call),
	KIND(registers_fault), KIND(registers_ud2), KIND(registers_divide), KIND(registers_odd),
	KIND(list_add_null), KIND(list_add_twice), KIND(list_add_broken), KIND(list_del_null), KIND(list_del_twice), KIND(list_del_broken),
	KIND(refcount_zero), KIND(refcount_under), KIND(refcount_leak), KIND(refcount_many), KIND(refcount_not_zero),
	KIND(overflow), KIND(canary), KIND(panics), KIND(sleeps),
};

static const struct kind *kind_of(const char *name)
{
	for (int n = 0; n < ARRAY_SIZE(kinds); n++)
		if (sysfs_streq(name, kinds[n].name))
			return &kinds[n];
	return NULL;
}

/* ---- Places */

static const struct kind *chosen;

static void by_timer(struct timer_list *timer) { chosen->run(); }
static enum hrtimer_restart by_hrtimer(struct hrtimer *timer) { chosen->run(); return HRTIMER_NORESTART; }
static void by_tasklet(struct tasklet_struct *tasklet) { chosen->run(); }
static void by_work(struct work_struct *work) { chosen->run(); }
static int by_thread(void *data) { chosen->run(); return 0; }
static int by_notifier(struct notifier_block *block, unsigned long action, void *data) { chosen->run(); return NOTIFY_OK; }

static DEFINE_TIMER(timer, by_timer);
static struct hrtimer hrtimer;
static DECLARE_TASKLET(tasklet, by_tasklet);
static DECLARE_WORK(work, by_work);
static struct notifier_block block = { .notifier_call = by_notifier };
static BLOCKING_NOTIFIER_HEAD(chain);
static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(lock);

static void in_timer(void) { mod_timer(&timer, jiffies + 2); msleep(100); }
static void in_hrtimer(void) { hrtimer_start(&hrtimer, ms_to_ktime(1), HRTIMER_MODE_REL); msleep(100); }
static void in_tasklet(void) { tasklet_schedule(&tasklet); msleep(100); }
static void in_work(void) { schedule_work(&work); msleep(100); }
static void in_thread(void) { kthread_run(by_thread, NULL, "oopser"); msleep(100); }
static void in_notifier(void) { blocking_notifier_call_chain(&chain, 0, NULL); }
static void in_panic(void) { panic("oopses: in the notifier"); }
static void in_mutex(void) { mutex_lock(&mutex); chosen->run(); mutex_unlock(&mutex); }
static void in_spinlock(void) { spin_lock(&lock); chosen->run(); spin_unlock(&lock); }
static void in_irqs_off(void) { unsigned long flags; local_irq_save(flags); chosen->run(); local_irq_restore(flags); }
static void in_preempt_off(void) { preempt_disable(); chosen->run(); preempt_enable(); }
static void in_bh_off(void) { local_bh_disable(); chosen->run(); local_bh_enable(); }
static void in_reference(void) { __module_get(THIS_MODULE); chosen->run(); module_put(THIS_MODULE); }

#define PLACE(name) { #name, in_##name }
static const struct kind places[] = {
	PLACE(timer), PLACE(hrtimer), PLACE(tasklet), PLACE(work), PLACE(thread), PLACE(notifier), PLACE(mutex), PLACE(spinlock),
	PLACE(irqs_off), PLACE(preempt_off), PLACE(bh_off), PLACE(reference), PLACE(panic),
};

static int go(const char *text)
{
	char name[48], *place = name;

	if (strscpy(name, text, sizeof(name)) < 0)
		return -EINVAL;
	strsep(&place, " ");
	chosen = kind_of(name);
	if (!chosen)
		return -EINVAL;
	if (!place) {
		chosen->run();
		return 0;
	}
	for (int n = 0; n < ARRAY_SIZE(places); n++) {
		if (sysfs_streq(place, places[n].name)) {
			places[n].run();
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- Entrances */

static ssize_t oopses_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	char text[48] = "";
	int error;

	if (count >= sizeof(text) || copy_from_user(text, buffer, count))
		return -EINVAL;
	error = go(strim(text));
	return error ?: count;
}
/* What the other operations of the file do: "on=KIND" at the load. */
static char *on;
module_param(on, charp, 0);
static ssize_t oopses_read(struct file *file, char __user *buffer, size_t count, loff_t *position) { return go(on); }
static long oopses_ioctl(struct file *file, unsigned int command, unsigned long argument) { return go(on); }

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = oopses_read,
	.write = oopses_write,
	.unlocked_ioctl = oopses_ioctl,
};
static struct miscdevice device = { .minor = MISC_DYNAMIC_MINOR, .name = "oopses", .fops = &operations };

/* A parameter whose functions are bad. */
static int set_bad(const char *value, const struct kernel_param *parameter) { return go(value); }
static int get_bad(char *buffer, const struct kernel_param *parameter) { return go(on) ?: sprintf(buffer, "fine\n"); }
static const struct kernel_param_ops bad_ops = { .set = set_bad, .get = get_bad };
module_param_cb(bad, &bad_ops, NULL, 0600);

static char *init, *exit;
module_param(init, charp, 0);
module_param(exit, charp, 0);

static int at_panic(struct notifier_block *block, unsigned long action, void *text)
{
	pr_info("oopses: the panic notifier hears: %s\n", (char *)text);
	return NOTIFY_DONE;
}
static struct notifier_block panic_block = { .notifier_call = at_panic };

static int __init oopses_init(void)
{
	hrtimer_init(&hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer.function = by_hrtimer;
	if (init && go(init))
		return -EINVAL;
	blocking_notifier_chain_register(&chain, &block);
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return misc_register(&device);
}
static void __exit oopses_exit(void)
{
	if (exit)
		go(exit);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	misc_deregister(&device);
	hrtimer_cancel(&hrtimer);
}
module_init(oopses_init);
module_exit(oopses_exit);
MODULE_DESCRIPTION("Every kind of oops");
MODULE_AUTHOR("kobox authors");
MODULE_LICENSE("GPL");
