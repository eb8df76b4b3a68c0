// SPDX-License-Identifier: GPL-2.0
// A device whose read waits: readers sleep on a wait queue until a writer has left a message and wakes them.
// wait_event_interruptible() tests its condition before it sleeps and after every wake-up; a signal ends the wait.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(readers);
static DEFINE_MUTEX(lock);
static char message[80];
static size_t length;

static ssize_t mailbox_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	ssize_t done;

	mutex_lock(&lock);
	while (length == 0) {
		mutex_unlock(&lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		pr_info("mailbox: %s waits\n", current->comm);
		if (wait_event_interruptible(readers, length != 0))
			return -ERESTARTSYS;
		mutex_lock(&lock);
	}
	done = min(count, length);
	if (copy_to_user(buffer, message, done))
		done = -EFAULT;
	else
		length = 0;
	mutex_unlock(&lock);
	return done;
}

static ssize_t mailbox_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	count = min(count, sizeof(message));
	mutex_lock(&lock);
	if (copy_from_user(message, buffer, count)) {
		mutex_unlock(&lock);
		return -EFAULT;
	}
	length = count;
	mutex_unlock(&lock);
	pr_info("mailbox: %zu bytes for %s\n", count, waitqueue_active(&readers) ? "a waiting reader" : "later");
	wake_up_interruptible(&readers);
	return count;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = mailbox_read,
	.write = mailbox_write,
	.llseek = no_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mailbox",
	.fops = &operations,
};
module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A device whose read waits for a message");
