// SPDX-License-Identifier: GPL-2.0
// Files in /sys: a kobject is a directory, an attribute a file with one value. An attribute group makes and removes several
// together; is_visible() decides about each file. A store function gives the bytes that it took, or an error.
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>

static struct kobject *directory;
static int level = 20;
static int changes;

static ssize_t level_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", level);
}

static ssize_t level_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	int value;
	int error = kstrtoint(buf, 10, &value);

	if (error)
		return error;
	if (value < 0 || value > 100)
		return -ERANGE;
	level = value;
	changes++;
	return count;
}

static ssize_t changes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", changes);
}

static ssize_t reset_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	pr_info("sysfsattr: %s of %s/%s\n", attr->attr.name, kobject_name(kobj->parent), kobject_name(kobj));
	level = 20;
	changes = 0;
	return count;
}

static ssize_t secret_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "nobody sees this\n");
}

static struct kobj_attribute level_attribute = __ATTR_RW(level);
static struct kobj_attribute changes_attribute = __ATTR_RO(changes);
static struct kobj_attribute reset_attribute = __ATTR_WO(reset);
static struct kobj_attribute secret_attribute = __ATTR_RO(secret);

static struct attribute *attributes[] = {
	&level_attribute.attr,
	&changes_attribute.attr,
	&reset_attribute.attr,
	&secret_attribute.attr,
	NULL
};

static umode_t is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	return attr == &secret_attribute.attr ? 0 : attr->mode;
}

static const struct attribute_group plain = { .attrs = attributes, .is_visible = is_visible };
/* A group with a name is a directory of its own. */
static const struct attribute_group named = { .name = "named", .attrs = attributes };

static int __init sysfsattr_init(void)
{
	int error;

	directory = kobject_create_and_add("sysfsattr", kernel_kobj);
	if (!directory)
		return -ENOMEM;
	error = sysfs_create_group(directory, &plain);
	if (!error)
		error = sysfs_create_group(directory, &named);
	if (!error)
		error = sysfs_create_link(directory, &THIS_MODULE->mkobj.kobj, "module");
	if (error)
		kobject_put(directory);
	return error;
}

static void __exit sysfsattr_exit(void)
{
	/* The last reference: the directory goes, with all that is in it. */
	kobject_put(directory);
}

module_init(sysfsattr_init);
module_exit(sysfsattr_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A kobject with attributes");
