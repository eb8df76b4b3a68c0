// SPDX-License-Identifier: GPL-2.0
// A driver whose probe takes its time: does init wait for it, does insmod?
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static int probe_type;
module_param(probe_type, int, 0);
static bool late;
module_param(late, bool, 0);

static int slow_probe(struct platform_device *device)
{
	msleep(500 + 250 * device->id);
	pr_info("probe of %d\n", device->id);
	return 0;
}
static struct platform_driver driver = { .probe = slow_probe, .driver = { .name = "slowprobe" } };
static struct platform_device *devices[2];

static int __init slow_init(void)
{
	int n, error;

	driver.driver.probe_type = probe_type;
	if (late) {
		error = platform_driver_register(&driver);
		pr_info("driver registered: %d\n", error);
	}
	for (n = 0; n < 2; n++)
		devices[n] = platform_device_register_simple("slowprobe", n, NULL, 0);
	if (!late)
		error = platform_driver_register(&driver);
	pr_info("init ends: %d\n", error);
	return 0;
}
static void __exit slow_exit(void)
{
	platform_driver_unregister(&driver);
	pr_info("driver unregistered\n");
	platform_device_unregister(devices[0]);
	platform_device_unregister(devices[1]);
}
module_init(slow_init);
module_exit(slow_exit);
MODULE_LICENSE("GPL");
