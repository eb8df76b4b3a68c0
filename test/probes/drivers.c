// SPDX-License-Identifier: GPL-2.0
/* Firmware, register maps, LEDs, regulators, memory pools and fractions, as drivers use them. */
#include <linux/dmi.h>
#include <linux/firmware.h>
#include <linux/genalloc.h>
#include <linux/hwmon.h>
#include <linux/leds.h>
#include <linux/math.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/power_supply.h>
#include <linux/rational.h>
#include <linux/regmap.h>
#include <linux/regulator/consumer.h>
#include <linux/slab.h>

static unsigned int registers[16];
static int reads, writes;
static int reg_read(void *context, unsigned int reg, unsigned int *val) { reads++; *val = registers[reg]; return 0; }
static int reg_write(void *context, unsigned int reg, unsigned int val) { writes++; registers[reg] = val; return 0; }
static bool is_volatile(struct device *dev, unsigned int reg) { return reg == 2; }
static bool is_writeable(struct device *dev, unsigned int reg) { return reg != 3; }
static const struct reg_default defaults[] = { { 1, 0x11 } };
static const struct regmap_config config = { .reg_bits = 8, .val_bits = 8, .reg_stride = 1, .max_register = 7, .reg_read = reg_read, .reg_write = reg_write,
	.volatile_reg = is_volatile, .writeable_reg = is_writeable, .cache_type = REGCACHE_RBTREE, .reg_defaults = defaults, .num_reg_defaults = 1 };

static void maps(struct device *dev)
{
	struct regmap *map = devm_regmap_init(dev, NULL, NULL, &config);
	unsigned int val = 0;
	bool changed = false;
	u8 bulk[3] = { 7, 8, 9 };
	int err;
	if (IS_ERR(map)) { pr_info("no map: %ld\n", PTR_ERR(map)); return; }
	pr_info("val bytes %d stride %d max %d\n", regmap_get_val_bytes(map), regmap_get_reg_stride(map), regmap_get_max_register(map));
	err = regmap_read(map, 1, &val); pr_info("read default: %d %x, reads %d\n", err, val, reads);
	registers[2] = 0x22;
	err = regmap_read(map, 2, &val); pr_info("read volatile: %d %x, reads %d\n", err, val, reads);
	err = regmap_read(map, 2, &val); pr_info("again: %d %x, reads %d\n", err, val, reads);
	err = regmap_read(map, 9, &val); pr_info("beyond: %d\n", err);
	err = regmap_write(map, 3, 1); pr_info("not writeable: %d\n", err);
	err = regmap_write(map, 4, 0x44); pr_info("write: %d %x, writes %d\n", err, registers[4], writes);
	err = regmap_update_bits_check(map, 4, 0xf, 0x4, &changed); pr_info("same: %d %d, writes %d\n", err, changed, writes);
	err = regmap_update_bits_check(map, 4, 0xf, 0x5, &changed); pr_info("other: %d %d %x, writes %d\n", err, changed, registers[4], writes);
	err = regmap_bulk_write(map, 5, bulk, 2); pr_info("bulk write: %d %x %x\n", err, registers[5], registers[6]);
	memset(bulk, 0, 3);
	err = regmap_bulk_read(map, 4, bulk, 3); pr_info("bulk read: %d %x %x %x, reads %d\n", err, bulk[0], bulk[1], bulk[2], reads);
	err = regmap_test_bits(map, 4, 0x41); pr_info("test: %d %d\n", err, regmap_test_bits(map, 4, 0x2));
	regcache_cache_only(map, true);
	err = regmap_write(map, 5, 0x55); pr_info("cache only: %d %x\n", err, registers[5]);
	err = regmap_read(map, 2, &val); pr_info("volatile then: %d\n", err);
	regcache_cache_only(map, false);
	err = regcache_sync(map); pr_info("sync: %d %x\n", err, registers[5]);
}
static int brightness = -1;
static void led_set(struct led_classdev *cdev, enum led_brightness value) { brightness = value; }
static int activate(struct led_classdev *cdev) { pr_info("activated for %s\n", cdev->name); return 0; }
static void deactivate(struct led_classdev *cdev) { pr_info("deactivated\n"); }
static struct led_trigger trigger = { .name = "kbx-trigger", .activate = activate, .deactivate = deactivate };
static void leds(struct device *dev)
{
	static struct led_classdev cdev = { .name = "kbx::lamp", .brightness_set = led_set, .max_brightness = 8, .default_trigger = "kbx-trigger" };
	static struct led_classdev twin = { .name = "kbx::lamp", .brightness_set = led_set };
	int err = led_classdev_register(dev, &cdev);
	pr_info("led %d\n", err);
	err = led_classdev_register(dev, &twin);
	pr_info("twin %d %s, max %d\n", err, dev_name(twin.dev), twin.max_brightness);
	led_set_brightness(&cdev, 20); pr_info("brightness %d of %d\n", brightness, cdev.max_brightness);
	err = led_trigger_register(&trigger); pr_info("trigger %d\n", err);
	led_trigger_event(&trigger, LED_HALF); pr_info("event %d\n", brightness);
	led_trigger_unregister(&trigger); pr_info("off %d\n", brightness);
	led_classdev_unregister(&twin);
	led_classdev_unregister(&cdev);
}
static void pools(void)
{
	struct gen_pool *pool = gen_pool_create(4, -1);
	char *memory = kmalloc(256, GFP_KERNEL);
	unsigned long a, b, n, d;
	gen_pool_add(pool, (unsigned long)memory, 256, -1);
	a = gen_pool_alloc(pool, 20); b = gen_pool_alloc(pool, 100);
	pr_info("pool: %ld %ld, %zu of %zu\n", a - (unsigned long)memory, b - (unsigned long)memory, gen_pool_avail(pool), gen_pool_size(pool));
	gen_pool_free(pool, a, 20);
	pr_info("none %lu, again %ld\n", gen_pool_alloc(pool, 200), gen_pool_alloc(pool, 16) - (unsigned long)memory);
	rational_best_approximation(31415926, 10000000, 1000, 1000, &n, &d); pr_info("pi %lu/%lu\n", n, d);
	rational_best_approximation(1155, 7735, 255, 255, &n, &d); pr_info("%lu/%lu", n, d);
	rational_best_approximation(27, 32, 16, 16, &n, &d); pr_cont(" %lu/%lu", n, d);
	rational_best_approximation(25, 15, 255, 255, &n, &d); pr_cont(" %lu/%lu", n, d);
	rational_best_approximation(1, 30, 100, 10, &n, &d); pr_cont(" %lu/%lu\n", n, d);
	pr_info("power %llu\n", int_pow(3, 20));
}
static int __init drivers_init(void)
{
	struct platform_device *pdev = platform_device_register_simple("kbx-device", -1, NULL, 0);
	const struct firmware *fw = (void *)1;
	struct regulator *supply;
	char *name;
	int err;
	err = request_firmware(&fw, "kbx/none.bin", &pdev->dev); pr_info("firmware %d %px\n", err, fw);
	err = firmware_request_nowarn(&fw, "kbx/none.bin", NULL); pr_info("quietly %d\n", err);
	err = request_firmware(&fw, "", NULL); pr_info("nameless %d\n", err);
	maps(&pdev->dev);
	leds(&pdev->dev);
	pools();
	supply = regulator_get(&pdev->dev, "vdd"); pr_info("supply %d\n", IS_ERR(supply));
	err = regulator_enable(supply); pr_info("enable %d, is %d, volts %d\n", err, regulator_is_enabled(supply), regulator_get_voltage(supply));
	regulator_disable(supply);
	regulator_put(supply);
	supply = regulator_get_optional(&pdev->dev, "vio"); pr_info("optional %ld\n", PTR_ERR(supply));
	name = devm_hwmon_sanitize_name(&pdev->dev, "a-b c"); pr_info("name %s\n", name);
	pr_info("machine %s %d\n", dmi_get_system_info(DMI_SYS_VENDOR), dmi_match(DMI_PRODUCT_NAME, "none"));
	pr_info("supplied %d\n", power_supply_is_system_supplied());
	platform_device_unregister(pdev);
	return -ENODEV;
}
module_init(drivers_init);
MODULE_LICENSE("GPL");
