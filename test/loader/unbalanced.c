// SPDX-License-Identifier: GPL-2.0
/* Its init leaves preemption or interrupts off. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>

static int preempt, irqs;
module_param(preempt, int, 0444);
module_param(irqs, int, 0444);
static int __init unbalanced_init(void)
{
	for (; preempt > 0; preempt--)
		preempt_disable();
	if (irqs)
		local_irq_disable();
	return 0;
}
static void __exit unbalanced_exit(void)
{
}
module_init(unbalanced_init);
module_exit(unbalanced_exit);
MODULE_LICENSE("GPL");
