// SPDX-License-Identifier: GPL-2.0
/*
 * Runtime power management: a device that is only powered while somebody uses it. What is written to the device's
 * attribute "use" counts a user (1) or forgets one (0).
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

static int sample_suspend(struct device *dev)
{
	dev_info(dev, "power off\n");
	return 0;
}

static int sample_resume(struct device *dev)
{
	dev_info(dev, "power on\n");
	return 0;
}

static int sample_idle(struct device *dev)
{
	dev_info(dev, "idle\n");
	return 0;
}
static DEFINE_RUNTIME_DEV_PM_OPS(sample_pm, sample_suspend, sample_resume, sample_idle);

static ssize_t use_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	bool more;
	int result = kstrtobool(buf, &more);

	if (result)
		return result;
	result = more ? pm_runtime_get_sync(dev) : pm_runtime_put_sync(dev);
	dev_info(dev, "%s gave %d\n", more ? "get" : "put", result);
	return count;
}
static DEVICE_ATTR_WO(use);

static struct attribute *sample_attrs[] = { &dev_attr_use.attr, NULL };
ATTRIBUTE_GROUPS(sample);

static int sample_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int result;

	dev_info(dev, "enabled %d, active %d, suspended %d\n", pm_runtime_enabled(dev), pm_runtime_active(dev),
		 pm_runtime_suspended(dev));
	result = pm_runtime_get_sync(dev);
	dev_info(dev, "get before it is enabled gives %d\n", result);
	pm_runtime_put_noidle(dev);
	pm_runtime_enable(dev);
	dev_info(dev, "enabled %d, active %d, suspended %d\n", pm_runtime_enabled(dev), pm_runtime_active(dev),
		 pm_runtime_suspended(dev));
	result = pm_runtime_resume_and_get(dev);
	dev_info(dev, "resume gives %d, active %d\n", result, pm_runtime_active(dev));
	result = pm_runtime_put_sync(dev);
	dev_info(dev, "put gives %d, suspended %d\n", result, pm_runtime_suspended(dev));
	return 0;
}

static int sample_remove(struct platform_device *pdev)
{
	pm_runtime_disable(&pdev->dev);
	dev_info(&pdev->dev, "removed\n");
	return 0;
}

static struct platform_driver sample_driver = {
	.probe = sample_probe,
	.remove = sample_remove,
	.driver = {
		.name = "runtimepm",
		.pm = pm_ptr(&sample_pm),
		.dev_groups = sample_groups,
	},
};
static struct platform_device *device;

static int __init runtimepm_init(void)
{
	int error = platform_driver_register(&sample_driver);

	if (error)
		return error;
	device = platform_device_register_simple("runtimepm", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&sample_driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit runtimepm_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&sample_driver);
}

module_init(runtimepm_init);
module_exit(runtimepm_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A device that is powered while it is used");
