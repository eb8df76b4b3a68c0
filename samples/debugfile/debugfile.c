// SPDX-License-Identifier: GPL-2.0
// Files in debugfs, where a driver may show whatever helps to debug it. For numbers, switches and blocks of bytes one call
// makes a file; for all else there are seq_file and own file operations. Nobody checks for errors: without debugfs it works too.
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static struct dentry *directory;
static u8 small = 200;
static u32 number = 42;
static u64 large = 1ULL << 40;
static u32 bits = 0xbeef;
static bool enabled = true;
static atomic_t count = ATOMIC_INIT(3);
static char bytes[] = { 'k', 'o', 'b', 'o', 'x', 0, 1, 2 };
static struct debugfs_blob_wrapper blob = { .data = bytes, .size = sizeof(bytes) };

static int state_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "number %u, enabled %d\n", number, enabled);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* A number behind two functions, as a register of a device might be. */
static int half_get(void *data, u64 *value)
{
	*value = *(u32 *)data / 2;
	return 0;
}

static int half_set(void *data, u64 value)
{
	if (value > 1000)
		return -EINVAL;
	*(u32 *)data = value * 2;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(half_fops, half_get, half_set, "%llu\n");

static ssize_t log_write(struct file *file, const char __user *buffer, size_t count, loff_t *position)
{
	char text[32];
	ssize_t got = simple_write_to_buffer(text, sizeof(text) - 1, position, buffer, count);

	if (got < 0)
		return got;
	text[got] = '\0';
	pr_info("debugfile: %s", text);
	return got;
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = log_write,
};

static int __init debugfile_init(void)
{
	struct dentry *inner;

	directory = debugfs_create_dir("debugfile", NULL);
	debugfs_create_u8("small", 0644, directory, &small);
	debugfs_create_u32("number", 0644, directory, &number);
	debugfs_create_u64("large", 0444, directory, &large);
	debugfs_create_x32("bits", 0644, directory, &bits);
	debugfs_create_bool("enabled", 0644, directory, &enabled);
	debugfs_create_atomic_t("count", 0644, directory, &count);
	debugfs_create_blob("blob", 0444, directory, &blob);
	debugfs_create_file("state", 0444, directory, NULL, &state_fops);
	inner = debugfs_create_dir("inner", directory);
	debugfs_create_file("half", 0644, inner, &number, &half_fops);
	debugfs_create_file("log", 0200, inner, NULL, &log_fops);
	debugfs_create_symlink("up", inner, "../number");
	return 0;
}

static void __exit debugfile_exit(void)
{
	debugfs_remove(directory);
}

module_init(debugfile_init);
module_exit(debugfile_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Numbers, a switch, bytes and own files in debugfs");
