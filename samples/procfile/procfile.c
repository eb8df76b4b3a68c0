// SPDX-License-Identifier: GPL-2.0
// Files in /proc. seq_file walks records (start, next, show, stop) and does the buffering;
// for a single record proc_create_single() needs only show.
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define LAST 5

static struct proc_dir_entry *directory;

static void *squares_start(struct seq_file *m, loff_t *position)
{
	return *position <= LAST ? position : NULL;
}

static void *squares_next(struct seq_file *m, void *v, loff_t *position)
{
	++*position;
	return squares_start(m, position);
}

static void squares_stop(struct seq_file *m, void *v)
{
}

static int squares_show(struct seq_file *m, void *v)
{
	loff_t n = *(loff_t *)v;

	seq_printf(m, "%lld squared is %lld\n", n, n * n);
	return 0;
}

static const struct seq_operations squares = {
	.start = squares_start,
	.next = squares_next,
	.stop = squares_stop,
	.show = squares_show,
};

static int squares_open(struct inode *inode, struct file *file)
{
	return seq_open(file, &squares);
}

static const struct proc_ops squares_ops = {
	.proc_open = squares_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
};

static int about_show(struct seq_file *m, void *v)
{
	seq_puts(m, "squares of the first numbers\n");
	return 0;
}

static int __init procfile_init(void)
{
	directory = proc_mkdir("procfile", NULL);
	if (!directory)
		return -ENOMEM;
	if (!proc_create("squares", 0444, directory, &squares_ops) || !proc_create_single("about", 0444, directory, about_show)) {
		proc_remove(directory);
		return -ENOMEM;
	}
	return 0;
}

static void __exit procfile_exit(void)
{
	/* With all that is in it. */
	proc_remove(directory);
}

module_init(procfile_init);
module_exit(procfile_exit);
MODULE_LICENSE("GPL");
