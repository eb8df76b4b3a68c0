// SPDX-License-Identifier: GPL-2.0
/* Pages, per-CPU memory, pools, caches, scatter lists, vmalloc. */
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/smp.h>
#include <linux/io.h>

static DEFINE_PER_CPU(int, counter) = 5;
static DEFINE_PER_CPU(char[3], bytes);
static void constructed(void *object) { *(int *)object = 77; }
static void on_cpu(void *info) { pr_info("called on cpu %d, irqs disabled %d\n", smp_processor_id(), irqs_disabled()); *(int *)info = 1; }

static int __init memory_init(void)
{
	struct page *page; void *p; int i, called = 0; mempool_t *pool; struct kmem_cache *cache; struct scatterlist sg[3], *s; char buf[32]; char *text = kstrdup("0123456789abcdef", GFP_KERNEL); int __percpu *dyn; int *o; size_t n;
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	p = page_address(page);
	pr_info("page: aligned %d refs %d same %d pfn %d zero %d\n", ((unsigned long)p & 0x3fff) == 0, page_count(page), virt_to_page(p) == page, page_to_pfn(page) == (__pa(p) >> PAGE_SHIFT), *(int *)p);
	get_page(page); pr_info("refs %d\n", page_count(page)); put_page(page); pr_info("refs %d\n", page_count(page));
	pr_info("valid: %d va: %d\n", virt_addr_valid(p), __va(__pa(p)) == p);
	__free_pages(page, 2);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	pr_info("compound: %d order %u head %d refs %d\n", PageCompound(page), compound_order(page), compound_head(page + 1) == page, page_count(page + 1));
	put_page(page);
	p = (void *)get_zeroed_page(GFP_KERNEL); pr_info("zeroed: %d\n", *(int *)p); free_page((unsigned long)p);
	p = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL); pr_info("exact: %d\n", p != NULL); free_pages_exact(p, 3 * PAGE_SIZE);
	p = vmalloc(3 * PAGE_SIZE); pr_info("vmalloc: %d %d %d\n", is_vmalloc_addr(p), vmalloc_to_page(p) != NULL, is_vmalloc_addr(&called)); vfree(p);
	for (i = 0; i < 4; i++) { static const size_t sizes[] = { 13, 100, 5000, 10000 }; p = kmalloc(sizes[i], GFP_KERNEL); pr_info("kmalloc %zu: %zu\n", sizes[i], ksize(p)); kfree(p); }
	p = krealloc(kmemdup("abc", 4, GFP_KERNEL), 64, GFP_KERNEL); pr_info("krealloc: %s\n", (char *)p); kfree(p);
	p = kmalloc(0, GFP_KERNEL); pr_info("zero size: %px %d\n", p, ZERO_OR_NULL_PTR(p)); kfree(p);
	pr_info("percpu: %d %d", this_cpu_read(counter), per_cpu(counter, 0)); this_cpu_inc(counter); this_cpu_add(counter, 10); pr_cont(" %d %d\n", __this_cpu_read(counter), *this_cpu_ptr(&counter));
	pr_info("percpu array: %d\n", (*this_cpu_ptr(&bytes))[2]);
	dyn = alloc_percpu(int); *per_cpu_ptr(dyn, 0) = 3; this_cpu_add(*dyn, 4); pr_info("dynamic: %d\n", *this_cpu_ptr(dyn)); free_percpu(dyn);
	for_each_possible_cpu(i) pr_info("cpu %d of %d, online %d, nr_cpu_ids %u\n", i, num_possible_cpus(), num_online_cpus(), nr_cpu_ids);
	smp_call_function_single(0, on_cpu, &called, 1); pr_info("called %d\n", called);
	on_each_cpu(on_cpu, &called, 1);
	pr_info("bad cpu: %d\n", smp_call_function_single(5, on_cpu, &called, 1));
	cache = kmem_cache_create("probe_cache", 40, 0, SLAB_HWCACHE_ALIGN, constructed);
	o = kmem_cache_alloc(cache, GFP_KERNEL); pr_info("cache: size %u object %d\n", kmem_cache_size(cache), *o); kmem_cache_free(cache, o);
	pool = mempool_create_slab_pool(4, cache);
	pr_info("pool: min %d cur %d\n", pool->min_nr, pool->curr_nr);
	p = mempool_alloc(pool, GFP_KERNEL); pr_info("pool: cur %d\n", pool->curr_nr); mempool_free(p, pool); pr_info("pool: cur %d\n", pool->curr_nr); mempool_destroy(pool);
	kmem_cache_destroy(cache);
	sg_init_table(sg, 3);
	for (i = 0; i < 3; i++) sg_set_buf(&sg[i], text + i * 5, 5);
	pr_info("sg: %d entries, last %d, %d for 7\n", sg_nents(sg), sg_last(sg, 3) == &sg[2], sg_nents_for_len(sg, 7));
	for_each_sg(sg, s, 3, i) pr_cont(" %u", s->length);
	pr_cont("\n");
	memset(buf, 0, sizeof(buf)); n = sg_copy_to_buffer(sg, 3, buf, 12); pr_info("copied %zu '%s'\n", n, buf); memset(buf, 0, sizeof(buf)); n = sg_pcopy_to_buffer(sg, 3, buf, 6, 7); pr_info("copied %zu '%s'\n", n, buf);
	kfree(text);
	return -ENODEV;
}
module_init(memory_init);
MODULE_LICENSE("GPL");
