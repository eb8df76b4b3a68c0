// SPDX-License-Identifier: GPL-2.0
// An XArray maps unsigned long indices to pointers (or small numbers), with marks to find some of the entries fast.
// It locks itself and grows as needed; xa_alloc() picks a free index. The pointers must be aligned to four bytes,
// because the low bits tell numbers from pointers.
#include <linux/module.h>
#include <linux/xarray.h>

static DEFINE_XARRAY_ALLOC(array);
static struct { char name[8]; } __aligned(8) things[] = { { "zero" }, { "one" }, { "two" }, { "three" } };

static int __init xarray_init(void)
{
	unsigned long index;
	u32 id = 0;
	void *entry;
	int n;

	for (n = 0; n < ARRAY_SIZE(things); n++) {
		int error = xa_alloc(&array, &id, &things[n], XA_LIMIT(10, 1000), GFP_KERNEL);

		pr_info("xarray: %s gets index %u (%d)\n", things[n].name, id, error);
	}
	/* Far away indices cost little. A small number can be an entry of its own. */
	xa_store(&array, 1000000, xa_mk_value(17), GFP_KERNEL);
	xa_set_mark(&array, 11, XA_MARK_1);
	xa_set_mark(&array, 1000000, XA_MARK_1);
	xa_for_each_marked(&array, index, entry, XA_MARK_1)
		pr_info("xarray: marked: %lu\n", index);
	pr_info("xarray: 12 is %s, 14 is %s\n", (char *)xa_load(&array, 12), (char *)xa_load(&array, 14));
	pr_info("xarray: value %lu\n", xa_to_value(xa_load(&array, 1000000)));
	pr_info("xarray: erased %s\n", (char *)xa_erase(&array, 11));
	pr_info("xarray: insert at 12 gives %d\n", xa_insert(&array, 12, &things[0], GFP_KERNEL));
	xa_for_each(&array, index, entry)
		pr_info("xarray: index %lu holds a %s\n", index, xa_is_value(entry) ? "value" : "pointer");
	return 0;
}

static void __exit xarray_exit(void)
{
	xa_destroy(&array);
	pr_info("xarray: %s\n", xa_empty(&array) ? "empty" : "not empty");
}

module_init(xarray_init);
module_exit(xarray_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Pointers by index");
