// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to touch memory that is not there. Write the name of one to /dev/faults: the writer is killed, the kernel says why in
 * its log, and lives on. What each report looks like is worth knowing before one meets it for real.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* A structure of which only a pointer is at hand, and that pointer is bad. */
struct thing {
	char before[0x108];
	int value;
};

static noinline int call(int (*function)(void))
{
	return function() + 1;
}

static noinline int read_value(const struct thing *thing)
{
	return READ_ONCE(thing->value);
}

static noinline void write_value(struct thing *thing, int value)
{
	WRITE_ONCE(thing->value, value);
}

static ssize_t faults_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	char name[16] = "";

	if (count >= sizeof(name) || copy_from_user(name, buffer, count))
		return -EINVAL;
	strim(name);
	if (!strcmp(name, "null")) /* nobody checked what kmalloc() gave */
		read_value(NULL);
	else if (!strcmp(name, "error")) /* an ERR_PTR() that nobody looked at */
		write_value(ERR_PTR(-ENOMEM), 1);
	else if (!strcmp(name, "freed")) /* a list entry that was deleted: LIST_POISON1 */
		read_value(LIST_POISON1);
	else if (!strcmp(name, "user")) /* a user's pointer without copy_to_user() */
		write_value((struct thing *)0x7fff00000000, 1);
	else if (!strcmp(name, "nowhere")) /* a function pointer that was overwritten */
		call((void *)0x1234);
	else if (!strcmp(name, "nobody")) /* a function pointer that was never set */
		call(NULL);
	else
		return -EINVAL;
	return count;
}

static const struct file_operations faults_operations = {
	.owner = THIS_MODULE,
	.write = faults_write,
};

static struct miscdevice faults_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "faults",
	.fops = &faults_operations,
};

module_misc_device(faults_device);
MODULE_DESCRIPTION("Bad pointers, and what the kernel says of each");
MODULE_AUTHOR("kobox authors");
MODULE_LICENSE("GPL");
