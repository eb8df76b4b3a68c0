// SPDX-License-Identifier: GPL-2.0
// The kernel's linked list, with entries from kmalloc(): what is allocated in init or later is freed in exit.
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

struct city {
	struct list_head node;
	int number;
	char name[16];
};
static LIST_HEAD(cities);

static int add_city(int number, const char *name)
{
	struct city *city = kmalloc(sizeof(*city), GFP_KERNEL);

	if (!city)
		return -ENOMEM;
	city->number = number;
	strscpy(city->name, name, sizeof(city->name));
	list_add_tail(&city->node, &cities);
	return 0;
}

static void free_cities(void)
{
	struct city *city, *next;

	list_for_each_entry_safe(city, next, &cities, node) {
		list_del(&city->node);
		kfree(city);
	}
}

static int __init list_init(void)
{
	static const char * const names[] = { "Oslo", "Lagos", "Lima" };
	struct city *city;
	int n;

	for (n = 0; n < ARRAY_SIZE(names); n++) {
		if (add_city(n + 1, names[n])) {
			free_cities();
			return -ENOMEM;
		}
	}
	list_for_each_entry(city, &cities, node)
		pr_info("list: %d %s\n", city->number, city->name);
	return 0;
}

static void __exit list_exit(void)
{
	free_cities();
	pr_info("list: %s\n", list_empty(&cities) ? "empty" : "not empty");
}

module_init(list_init);
module_exit(list_exit);
MODULE_LICENSE("GPL");
