// SPDX-License-Identifier: GPL-2.0
// A division by zero: whoever writes 0 to the device dies, killed in the middle of the driver. The kernel closes its files,
// so the module stays and goes on working.
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static ssize_t divide_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	int people;
	int error = kstrtoint_from_user(buffer, count, 0, &people);

	if (error)
		return error;
	pr_info("divide: %d for each of %d\n", 100 / people, people);
	return count;
}

static int divide_release(struct inode *inode, struct file *file)
{
	pr_info("divide: closed\n");
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.write = divide_write,
	.release = divide_release,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "divide",
	.fops = &operations,
};
module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Divides by what it is told");
