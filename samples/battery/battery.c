// SPDX-License-Identifier: GPL-2.0
/*
 * A battery without hardware: a power supply of the class power_supply. The charge is a parameter, and so is the status;
 * a write to either says that the supply has changed.
 */
#include <linux/module.h>
#include <linux/power_supply.h>

static int charge = 42;
static int status = POWER_SUPPLY_STATUS_DISCHARGING;
static struct power_supply *supply;

static int changed_set(const char *text, const struct kernel_param *kp)
{
	int error = param_set_int(text, kp);

	if (!error && supply)
		power_supply_changed(supply);
	return error;
}
static const struct kernel_param_ops changed_ops = { .set = changed_set, .get = param_get_int };
module_param_cb(charge, &changed_ops, &charge, 0644);
module_param_cb(status, &changed_ops, &status, 0644);

static enum power_supply_property properties[] = {
	POWER_SUPPLY_PROP_STATUS,     POWER_SUPPLY_PROP_PRESENT,	   POWER_SUPPLY_PROP_TECHNOLOGY,
	POWER_SUPPLY_PROP_CAPACITY,   POWER_SUPPLY_PROP_CAPACITY_LEVEL, POWER_SUPPLY_PROP_SCOPE,
	POWER_SUPPLY_PROP_MODEL_NAME, POWER_SUPPLY_PROP_CURRENT_MAX,   POWER_SUPPLY_PROP_ONLINE,
};

static int battery_get(struct power_supply *psy, enum power_supply_property property, union power_supply_propval *value)
{
	switch (property) {
	case POWER_SUPPLY_PROP_STATUS:
		value->intval = status;
		break;
	case POWER_SUPPLY_PROP_PRESENT:
		value->intval = 1;
		break;
	case POWER_SUPPLY_PROP_TECHNOLOGY:
		value->intval = POWER_SUPPLY_TECHNOLOGY_LION;
		break;
	case POWER_SUPPLY_PROP_CAPACITY:
		value->intval = charge;
		break;
	case POWER_SUPPLY_PROP_CAPACITY_LEVEL:
		value->intval = charge > 90 ? POWER_SUPPLY_CAPACITY_LEVEL_FULL : POWER_SUPPLY_CAPACITY_LEVEL_NORMAL;
		break;
	case POWER_SUPPLY_PROP_SCOPE:
		value->intval = POWER_SUPPLY_SCOPE_SYSTEM;
		break;
	case POWER_SUPPLY_PROP_MODEL_NAME:
		value->strval = "sample";
		break;
	case POWER_SUPPLY_PROP_CURRENT_MAX:
		value->intval = 1500000;
		break;
	default:
		return -ENODATA;
	}
	return 0;
}

static int battery_set(struct power_supply *psy, enum power_supply_property property, const union power_supply_propval *value)
{
	pr_info("battery: property %d is set to %d\n", property, value->intval);
	return 0;
}

static int battery_writeable(struct power_supply *psy, enum power_supply_property property)
{
	return property == POWER_SUPPLY_PROP_CURRENT_MAX;
}

static const struct power_supply_desc description = {
	.name = "sample_battery",
	.type = POWER_SUPPLY_TYPE_BATTERY,
	.properties = properties,
	.num_properties = ARRAY_SIZE(properties),
	.get_property = battery_get,
	.set_property = battery_set,
	.property_is_writeable = battery_writeable,
};

static int __init battery_init(void)
{
	struct power_supply_config config = {};

	supply = power_supply_register(NULL, &description, &config);
	return PTR_ERR_OR_ZERO(supply);
}

static void __exit battery_exit(void)
{
	power_supply_unregister(supply);
}

module_init(battery_init);
module_exit(battery_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A battery that only exists in /sys/class/power_supply");
