// SPDX-License-Identifier: GPL-2.0
// An IDR gives out small numbers and remembers a pointer for each; an IDA only gives out the numbers.
#include <linux/idr.h>
#include <linux/module.h>

static DEFINE_IDR(clients);
static DEFINE_IDA(numbers);

static int print_client(int id, void *name, void *data)
{
	pr_info("idr: %d is %s\n", id, (char *)name);
	return 0;
}

static int __init idr_sample_init(void)
{
	static char *names[] = { "anna", "bert", "carl" };
	void *name;
	int n, id;

	for (n = 0; n < ARRAY_SIZE(names); n++)
		pr_info("idr: %s gets %d\n", names[n], idr_alloc(&clients, names[n], 1, 4, GFP_KERNEL));
	pr_info("idr: no room left: %d\n", idr_alloc(&clients, "dora", 1, 4, GFP_KERNEL));
	pr_info("idr: removed %s\n", (char *)idr_remove(&clients, 2));
	pr_info("idr: 2 is %s, 3 is %s\n", (char *)idr_find(&clients, 2), (char *)idr_find(&clients, 3));
	pr_info("idr: dora gets %d\n", idr_alloc(&clients, "dora", 1, 0, GFP_KERNEL));
	/* A cyclic allocation goes on behind the last one. */
	pr_info("idr: emil gets %d\n", idr_alloc_cyclic(&clients, "emil", 1, 0, GFP_KERNEL));
	idr_replace(&clients, "anne", 1);
	idr_for_each(&clients, print_client, NULL);
	idr_for_each_entry(&clients, name, id)
		if (id > 2)
			pr_info("idr: above 2: %s\n", (char *)name);

	for (n = 0; n < 3; n++)
		pr_info("ida: number %d\n", ida_alloc(&numbers, GFP_KERNEL));
	ida_free(&numbers, 1);
	pr_info("ida: freed 1, then %d\n", ida_alloc_range(&numbers, 0, 10, GFP_KERNEL));
	pr_info("ida: from 100: %d\n", ida_alloc_min(&numbers, 100, GFP_KERNEL));
	/* Nobody has 55: the kernel warns, as of any number that is given back twice. */
	ida_free(&numbers, 55);
	return 0;
}

static void __exit idr_sample_exit(void)
{
	idr_destroy(&clients);
	ida_destroy(&numbers);
}

module_init(idr_sample_init);
module_exit(idr_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Small numbers for things");
