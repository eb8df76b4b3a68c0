// SPDX-License-Identifier: GPL-2.0
/* Interrupt lines and I/O ranges: who gets them, who does not, and what is said. */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/irq_work.h>

static irqreturn_t handler(int irq, void *id) { return IRQ_NONE; }
static irqreturn_t thread(int irq, void *id) { return IRQ_HANDLED; }
static int cookie, cookie2;
static struct irq_work iw;
static void worked(struct irq_work *w) { pr_info("irq_work: in_hardirq %d\n", !!in_hardirq()); }
static void region(resource_size_t start, resource_size_t n)
{
	struct resource *r = request_region(start, n, "probe");
	pr_info("request_region %llx+%llx: %d", start, n, r != NULL);
	if (r) { pr_cont(" %pR parent %s", r, r->parent->name); release_region(start, n); }
	pr_cont("\n");
}
static int __init claims_init(void)
{
	struct resource *mem;
	pr_info("irq 1 plain: %d\n", request_irq(1, handler, 0, "probe", &cookie));
	pr_info("irq 1 shared: %d\n", request_irq(1, handler, IRQF_SHARED, "probe", &cookie));
	pr_info("irq 1 shared without id: %d\n", request_irq(1, handler, IRQF_SHARED, "probe", NULL));
	pr_info("free: %s\n", (const char *)free_irq(1, &cookie));
	pr_info("irq 7: %d\n", request_irq(7, handler, 0, "seven", &cookie));
	pr_info("irq 7 again: %d\n", request_irq(7, handler, IRQF_SHARED, "again", &cookie2));
	disable_irq(7); enable_irq(7);
	pr_info("free: %s\n", (const char *)free_irq(7, &cookie));
	pr_info("irq 100: %d\n", request_irq(100, handler, 0, "hundred", &cookie));
	pr_info("irq 8: %d\n", request_irq(8, handler, IRQF_SHARED, "clock", &cookie));
	pr_info("irq 4: %d\n", request_irq(4, handler, IRQF_SHARED, "serial", &cookie));
	pr_info("irq 0: %d\n", request_irq(0, handler, IRQF_SHARED, "timer", &cookie));
	pr_info("irq 5 threaded without handler: %d\n", request_threaded_irq(5, NULL, thread, 0, "five", &cookie));
	pr_info("irq 5 oneshot: %d\n", request_threaded_irq(5, NULL, thread, IRQF_ONESHOT, "five", &cookie));
	free_irq(5, &cookie);
	pr_info("neither: %d\n", request_threaded_irq(5, NULL, NULL, 0, "none", &cookie));
	init_irq_work(&iw, worked);
	pr_info("queue: %d\n", irq_work_queue(&iw));
	irq_work_sync(&iw);
	region(0x378, 8); region(0x60, 1); region(0x3f8, 8); region(0x3f0, 16); region(0x70, 2); region(0x300, 0x20); region(0xcf8, 8); region(0x10000, 1); region(0x600, 4);
	release_region(0x378, 8);
	mem = request_mem_region(0xfeb00000, 0x1000, "probe mem");
	pr_info("mem: %d", mem != NULL);
	if (mem) { pr_cont(" %pR", mem); release_mem_region(0xfeb00000, 0x1000); }
	pr_cont("\n");
	mem = request_mem_region(0x100000, 0x1000, "ram");
	pr_info("ram: %d\n", mem != NULL);
	{
		static struct resource r = { .name = "allocated", .flags = IORESOURCE_IO };
		int e = allocate_resource(&ioport_resource, &r, 0x10, 0x1000, 0xffff, 0x10, NULL, NULL);
		pr_info("allocate: %d\n", e);
		if (!e) release_resource(&r);
	}
	return -ENODEV;
}
module_init(claims_init);
MODULE_LICENSE("GPL");
