// SPDX-License-Identifier: GPL-2.0
// The shortest way to a device: misc_register() takes a minor of major 10 and makes the node.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static ssize_t miscdev_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	static const char answer[] = "forty-two\n";

	return simple_read_from_buffer(buffer, count, position, answer, sizeof(answer) - 1);
}

static ssize_t miscdev_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	return -EINVAL;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = miscdev_read,
	.write = miscdev_write,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "answer",
	.fops = &operations,
	.mode = 0666,
};
module_misc_device(device);
MODULE_LICENSE("GPL");
