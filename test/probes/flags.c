// SPDX-License-Identifier: GPL-2.0
/* printk's names of flags, addresses of sockets, and what it says of conversions that it does not have. */
#include <linux/gfp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/socket.h>

static int __init flags_init(void)
{
	int bit; unsigned long v; gfp_t g;
	static const gfp_t named[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_USER, GFP_DMA, GFP_DMA32, GFP_HIGHUSER, GFP_HIGHUSER_MOVABLE, GFP_TRANSHUGE_LIGHT, GFP_TRANSHUGE, GFP_KERNEL_ACCOUNT, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, 0, __GFP_DIRECT_RECLAIM };
	static const unsigned long pages[] = { 0, 1, 1UL << 63, 1UL << 40, ~0UL, 3UL << 52, 1UL << 54, 0x10001 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = htonl(0x7f000001) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_flowinfo = htonl(7), .sin6_scope_id = 3, .sin6_addr = { .s6_addr = { 0xfe, 0x80, [15] = 2 } } };
	struct sockaddr odd = { .sa_family = AF_UNIX };
	for (bit = 0; bit < ARRAY_SIZE(named); bit++) pr_info("gfp %pGg\n", &named[bit]);
	for (bit = 0; bit < 26; bit++) { g = (__force gfp_t)(1U << bit); pr_info("gfp bit %d: %pGg\n", bit, &g); }
	for (bit = 0; bit < 38; bit++) { v = 1UL << bit; pr_info("vma bit %d: %pGv\n", bit, &v); }
	v = 0x73; pr_info("vma %pGv\n", &v);
	for (bit = 0; bit < ARRAY_SIZE(pages); bit++) pr_info("page %pGp\n", &pages[bit]);
	pr_info("%pIS %pISp %pISc %pISpc %pISfsc %piS %piSp\n", &in, &in, &in6, &in6, &in6, &in, &in6);
	pr_info("%pIS %pISpfsc\n", &in6, &in6);
	pr_info("%pIS\n", &odd);
	pr_info("%pB %pS\n", (void *)((unsigned long)kfree + 4), kfree);
	pr_info("%pSR %pSb [%20ps] [%-10ps]\n", kfree, kfree, kfree, kfree);
	pr_info("[%20px] [%-20px] [%#px] [%20pI4]\n", (void *)0x1234, (void *)0x1234, (void *)0x1234, &in.sin_addr);
	return -ENODEV;
}
module_init(flags_init);
MODULE_LICENSE("GPL");
