// SPDX-License-Identifier: GPL-2.0
// A character device of 64 bytes: read, write, seek and ioctl. Every open file has its own counter in private_data.
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define CHARDEV_SIZE 64
#define CHARDEV_CLEAR _IO('k', 1)
#define CHARDEV_USES _IOR('k', 2, int)

static dev_t number;
static struct cdev cdev;
static struct class *class;
static char memory[CHARDEV_SIZE];
static DEFINE_MUTEX(lock);

struct use {
	int transfers;
};

static int chardev_open(struct inode *inode, struct file *file)
{
	struct use *use = kzalloc(sizeof(*use), GFP_KERNEL);

	if (!use)
		return -ENOMEM;
	file->private_data = use;
	pr_info("chardev: open, minor %d\n", iminor(inode));
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct use *use = file->private_data;

	pr_info("chardev: close after %d transfers\n", use->transfers);
	kfree(use);
	return 0;
}

static ssize_t chardev_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	struct use *use = file->private_data;
	ssize_t done;

	mutex_lock(&lock);
	done = simple_read_from_buffer(buffer, count, position, memory, strnlen(memory, CHARDEV_SIZE));
	use->transfers++;
	mutex_unlock(&lock);
	return done;
}

static ssize_t chardev_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	struct use *use = file->private_data;

	if (*position >= CHARDEV_SIZE)
		return -ENOSPC;
	count = min_t(size_t, count, CHARDEV_SIZE - *position);
	mutex_lock(&lock);
	if (copy_from_user(memory + *position, buffer, count)) {
		mutex_unlock(&lock);
		return -EFAULT;
	}
	*position += count;
	use->transfers++;
	mutex_unlock(&lock);
	return count;
}

static loff_t chardev_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, CHARDEV_SIZE);
}

static long chardev_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct use *use = file->private_data;

	switch (command) {
	case CHARDEV_CLEAR:
		mutex_lock(&lock);
		memset(memory, 0, sizeof(memory));
		mutex_unlock(&lock);
		return 0;
	case CHARDEV_USES:
		return put_user(use->transfers, (int __user *)argument);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = chardev_read,
	.write = chardev_write,
	.llseek = chardev_llseek,
	.unlocked_ioctl = chardev_ioctl,
};

static int __init chardev_init(void)
{
	struct device *device;
	int error = alloc_chrdev_region(&number, 0, 1, "chardev");

	if (error)
		return error;
	cdev_init(&cdev, &operations);
	cdev.owner = THIS_MODULE;
	error = cdev_add(&cdev, number, 1);
	if (error)
		goto no_cdev;
	class = class_create(THIS_MODULE, "chardev");
	if (IS_ERR(class)) {
		error = PTR_ERR(class);
		goto no_class;
	}
	device = device_create(class, NULL, number, NULL, "chardev%d", 0);
	if (IS_ERR(device)) {
		error = PTR_ERR(device);
		goto no_device;
	}
	return 0;

no_device:
	class_destroy(class);
no_class:
	cdev_del(&cdev);
no_cdev:
	unregister_chrdev_region(number, 1);
	return error;
}

static void __exit chardev_exit(void)
{
	device_destroy(class, number);
	class_destroy(class);
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
}

module_init(chardev_init);
module_exit(chardev_exit);
MODULE_LICENSE("GPL");
