// SPDX-License-Identifier: GPL-2.0
/* Static per-CPU variables, initialised and not. */
#include <linux/module.h>
#include <linux/percpu.h>

DEFINE_PER_CPU(int, percpu_number) = 42;
DEFINE_PER_CPU(long[100], percpu_room);
static int __init percpu_init(void)
{
	pr_info("percpu: %d %ld\n", this_cpu_read(percpu_number), this_cpu_read(percpu_room[99]));
	this_cpu_inc(percpu_number);
	return 0;
}
static void __exit percpu_exit(void)
{
	pr_info("percpu: %d\n", this_cpu_read(percpu_number));
}
module_init(percpu_init);
module_exit(percpu_exit);
MODULE_LICENSE("GPL");
