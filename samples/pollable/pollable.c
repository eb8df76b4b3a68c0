// SPDX-License-Identifier: GPL-2.0
// poll() tells a program which files it could read or write without waiting. The driver names its wait queues by poll_wait(),
// which does not wait, and says what is possible now; whoever changes that wakes the queue.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(changed);
static DEFINE_MUTEX(lock);
static char cell;
static bool full;

static ssize_t pollable_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	ssize_t result = -EAGAIN;

	if (count == 0)
		return 0;
	mutex_lock(&lock);
	if (full)
		result = put_user(cell, buffer) ? -EFAULT : 1;
	if (result == 1)
		full = false;
	mutex_unlock(&lock);
	if (result == 1)
		wake_up_interruptible(&changed);
	return result;
}

static ssize_t pollable_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	ssize_t result = -EAGAIN;

	if (count == 0)
		return 0;
	mutex_lock(&lock);
	if (!full)
		result = get_user(cell, buffer) ? -EFAULT : 1;
	if (result == 1)
		full = true;
	mutex_unlock(&lock);
	if (result == 1)
		wake_up_interruptible(&changed);
	return result;
}

static __poll_t pollable_poll(struct file *file, poll_table *wait)
{
	__poll_t mask;

	poll_wait(file, &changed, wait);
	mask = full ? EPOLLIN | EPOLLRDNORM : EPOLLOUT | EPOLLWRNORM;
	pr_info("pollable: polled, can be %s\n", full ? "read" : "written");
	return mask;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = pollable_read,
	.write = pollable_write,
	.poll = pollable_poll,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pollable",
	.fops = &operations,
};
module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A device of one byte that can be polled");
