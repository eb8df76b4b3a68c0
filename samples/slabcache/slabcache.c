// SPDX-License-Identifier: GPL-2.0
// A slab cache hands out objects of one size, for what is needed often. Its constructor prepares the objects of a fresh
// page; an object that comes back keeps what the user leaves in it.
#include <linux/module.h>
#include <linux/slab.h>

struct ticket {
	unsigned long id;
	char text[40];
};
static struct kmem_cache *cache;

static void prepare(void *object)
{
	struct ticket *ticket = object;

	ticket->id = 4711;
}

static int __init slabcache_init(void)
{
	struct ticket *tickets[3];
	int n;

	cache = kmem_cache_create("slabcache_ticket", sizeof(struct ticket), 0, SLAB_HWCACHE_ALIGN, prepare);
	if (!cache)
		return -ENOMEM;
	pr_info("slabcache: objects of %u bytes\n", kmem_cache_size(cache));
	for (n = 0; n < ARRAY_SIZE(tickets); n++) {
		tickets[n] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (tickets[n])
			pr_info("slabcache: ticket %d: id %lu, aligned %d\n", n, tickets[n]->id, IS_ALIGNED((unsigned long)tickets[n], 64));
	}
	for (n = 0; n < ARRAY_SIZE(tickets); n++)
		if (tickets[n])
			kmem_cache_free(cache, tickets[n]);
	return 0;
}

static void __exit slabcache_exit(void)
{
	kmem_cache_destroy(cache);
}

module_init(slabcache_init);
module_exit(slabcache_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Objects of one size");
