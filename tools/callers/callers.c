// Dumps the stack in each function that the kernel calls: below the module's own frames stands how the kernel came to it.
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

// The barrier keeps the call from becoming a jump, which leaves no frame.
#define HERE(key) do { pr_info("callers: " key "\n"); dump_stack(); barrier(); } while (0)

// Files of each kind: KIND names the keys.
#define FILE_FUNCTIONS(KIND) \
static int KIND##_open(struct inode *inode, struct file *file) { HERE(#KIND ".open"); return 0; } \
static int KIND##_release(struct inode *inode, struct file *file) { HERE(#KIND ".release"); return 0; } \
static ssize_t KIND##_read(struct file *file, char __user *buffer, size_t count, loff_t *position) { HERE(#KIND ".read"); return 0; } \
static ssize_t KIND##_write(struct file *file, const char __user *buffer, size_t count, loff_t *position) { HERE(#KIND ".write"); return count; } \
static loff_t KIND##_llseek(struct file *file, loff_t offset, int whence) { HERE(#KIND ".llseek"); return 0; } \
static __poll_t KIND##_poll(struct file *file, poll_table *table) { HERE(#KIND ".poll"); return EPOLLIN; } \
static long KIND##_ioctl(struct file *file, unsigned int command, unsigned long argument) { HERE(#KIND ".ioctl"); return 0; }
FILE_FUNCTIONS(chrdev)
FILE_FUNCTIONS(misc)
FILE_FUNCTIONS(debugfs)
FILE_FUNCTIONS(proc)
#define FOPS(KIND) {.owner = THIS_MODULE, .open = KIND##_open, .release = KIND##_release, .read = KIND##_read, .write = KIND##_write, \
	.llseek = KIND##_llseek, .poll = KIND##_poll, .unlocked_ioctl = KIND##_ioctl}
static const struct file_operations chrdev_fops = FOPS(chrdev), misc_fops = FOPS(misc), debugfs_fops = FOPS(debugfs);
static const struct proc_ops proc_fops = {.proc_open = proc_open, .proc_release = proc_release, .proc_read = proc_read,
	.proc_write = proc_write, .proc_lseek = proc_llseek, .proc_poll = proc_poll, .proc_ioctl = proc_ioctl};
static struct miscdevice misc = {.minor = MISC_DYNAMIC_MINOR, .name = "callers_misc", .fops = &misc_fops};
static void *seq_start(struct seq_file *seq, loff_t *position) { HERE("seq.start"); return *position == 0 ? SEQ_START_TOKEN : NULL; }
static void *seq_next(struct seq_file *seq, void *v, loff_t *position) { HERE("seq.next"); ++*position; return NULL; }
static void seq_stop(struct seq_file *seq, void *v) { HERE("seq.stop"); }
static int seq_show(struct seq_file *seq, void *v) { HERE("seq.show"); seq_puts(seq, "x"); return 0; }
static const struct seq_operations seq_ops = {.start = seq_start, .next = seq_next, .stop = seq_stop, .show = seq_show};
static int seq_open_(struct inode *inode, struct file *file) { return seq_open(file, &seq_ops); }
static const struct proc_ops seq_fops = {.proc_open = seq_open_, .proc_release = seq_release, .proc_read = seq_read, .proc_lseek = seq_lseek};
static void *proc_start(struct seq_file *seq, loff_t *position) { HERE("proc.seq_start"); return *position == 0 ? SEQ_START_TOKEN : NULL; }
static void *proc_next(struct seq_file *seq, void *v, loff_t *position) { HERE("proc.seq_next"); ++*position; return NULL; }
static void proc_stop(struct seq_file *seq, void *v) { HERE("proc.seq_stop"); }
static int proc_show(struct seq_file *seq, void *v) { HERE("proc.seq_show"); seq_puts(seq, "x"); return 0; }
static const struct seq_operations proc_seq_ops = {.start = proc_start, .next = proc_next, .stop = proc_stop, .show = proc_show};

static int param_set(const char *val, const struct kernel_param *kp) { HERE("param.set"); return 0; }
static int param_get(char *buffer, const struct kernel_param *kp) { HERE("param.get"); return sprintf(buffer, "0\n"); }
static const struct kernel_param_ops param_ops = {.set = param_set, .get = param_get};
module_param_cb(value, &param_ops, NULL, 0600);

static int load_set(const char *val, const struct kernel_param *kp) { HERE("param.load"); return 0; }
static const struct kernel_param_ops load_ops = {.set = load_set};
module_param_cb(load, &load_ops, NULL, 0);

static ssize_t attribute_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) { HERE("kobj_attribute.show"); return 0; }
static ssize_t attribute_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count) { HERE("kobj_attribute.store"); return count; }
static struct kobj_attribute attribute = __ATTR(value, 0600, attribute_show, attribute_store);
static ssize_t dev_show(struct device *dev, struct device_attribute *attr, char *buf) { HERE("device_attribute.show"); return 0; }
static ssize_t dev_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count) { HERE("device_attribute.store"); return count; }
static struct device_attribute dev_attribute = __ATTR(value, 0600, dev_show, dev_store);

static void timer_function(struct timer_list *timer) { HERE("timer"); }
static DEFINE_TIMER(timer, timer_function);
static enum hrtimer_restart hrtimer_function(struct hrtimer *timer) { HERE("hrtimer"); return HRTIMER_NORESTART; }
static struct hrtimer hrtimer;
static void work_function(struct work_struct *work) { HERE("work"); }
static DECLARE_WORK(work, work_function);
static void delayed_function(struct work_struct *work) { HERE("delayed_work"); }
static DECLARE_DELAYED_WORK(delayed, delayed_function);
static int thread_function(void *data) { HERE("kthread"); return 0; }

static int platform_probe_(struct platform_device *device) { HERE("platform.probe"); return 0; }
static int platform_remove_(struct platform_device *device) { HERE("platform.remove"); return 0; }
static struct platform_driver driver = {.probe = platform_probe_, .remove = platform_remove_, .driver = {.name = "callers"}};
static struct platform_device *platform;

static int busy_done;
static void busy_function(struct timer_list *timer) { HERE("busy"); WRITE_ONCE(busy_done, 1); }
static DEFINE_TIMER(busy, busy_function);
// A timer that interrupts the module.
static noinline void wait_busily(void)
{
	mod_timer(&busy, jiffies + 2);
	while (!READ_ONCE(busy_done))
		cpu_relax();
}

static int major;
static struct class *class;
static struct device *device;
static struct kobject *kobject;
static struct dentry *folder;

static int __init callers_init(void)
{
	HERE("init");
	major = register_chrdev(0, "callers", &chrdev_fops);
	class = class_create(THIS_MODULE, "callers");
	device = device_create(class, NULL, MKDEV(major, 0), NULL, "callers");
	if (device_create_file(device, &dev_attribute) || misc_register(&misc))
		return -EBUSY;
	folder = debugfs_create_dir("callers", NULL);
	debugfs_create_file("file", 0600, folder, NULL, &debugfs_fops);
	proc_create("callers", 0600, NULL, &proc_fops);
	proc_create("callers_seq", 0400, NULL, &seq_fops);
	proc_create_seq("callers_kernel_seq", 0400, NULL, &proc_seq_ops);
	kobject = kobject_create_and_add("callers", kernel_kobj);
	if (sysfs_create_file(kobject, &attribute.attr))
		return -EBUSY;
	platform = platform_device_register_simple("callers", -1, NULL, 0);
	if (platform_driver_register(&driver))
		return -EBUSY;
	mod_timer(&timer, jiffies + HZ / 10);
	hrtimer_init(&hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer.function = hrtimer_function;
	hrtimer_start(&hrtimer, ms_to_ktime(200), HRTIMER_MODE_REL);
	schedule_work(&work);
	schedule_delayed_work(&delayed, HZ * 3 / 10);
	kthread_run(thread_function, NULL, "callers");
	wait_busily();
	return 0;
}
static void __exit callers_exit(void)
{
	HERE("exit");
	del_timer_sync(&timer);
	hrtimer_cancel(&hrtimer);
	cancel_work_sync(&work);
	cancel_delayed_work_sync(&delayed);
	platform_driver_unregister(&driver);
	platform_device_unregister(platform);
	kobject_put(kobject);
	remove_proc_entry("callers", NULL);
	remove_proc_entry("callers_seq", NULL);
	remove_proc_entry("callers_kernel_seq", NULL);
	debugfs_remove(folder);
	misc_deregister(&misc);
	device_destroy(class, MKDEV(major, 0));
	class_destroy(class);
	unregister_chrdev(major, "callers");
}
module_init(callers_init);
module_exit(callers_exit);
MODULE_LICENSE("GPL");
