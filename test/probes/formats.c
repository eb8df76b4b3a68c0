// SPDX-License-Identifier: GPL-2.0
/* printk's formats: the plain ones at their edges, and the %p family where it needs no missing subsystem. */
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/rtc.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/netdev_features.h>

static int __init formats_init(void)
{
	struct resource io = DEFINE_RES_IO(0x3f8, 8), mem = DEFINE_RES_MEM(0xfe000000, 0x1000), irq = DEFINE_RES_IRQ(5), odd = { .start = 1, .end = 2 };
	struct rtc_time tm = { .tm_year = 123, .tm_mon = 4, .tm_mday = 6, .tm_hour = 7, .tm_min = 8, .tm_sec = 9 };
	time64_t t = 1700000000; u32 fourcc = 0x34325258, big = 0xb4325258; u8 mac[6] = { 0xde, 0xad, 0xbe, 0xef, 1, 2 };
	__be32 ip4 = htonl(0xc0a80001); struct in6_addr ip6 = { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 } }; char bytes[] = "a\tb\n\\\"\x01\x80z"; phys_addr_t pa = 0x12345; netdev_features_t features = 0x1f;
	struct resource r2 = mem;
	pr_info("[%d] [%5d] [%-5d] [%05d] [%+d] [% d] [%x] [%#x] [%#o] [%X]\n", -42, 42, 42, 42, 42, 42, 255, 255, 8, 0xbeef);
	pr_info("[%hhd] [%hd] [%ld] [%lld] [%zu] [%td] [%llx]\n", 300, 70000, -1L, 1LL << 40, (size_t)5, (ptrdiff_t)-3, ~0ULL);
	pr_info("[%s] [%8s] [%-8s] [%.2s] [%8.3s] [%s] [%c%c] [%3c]\n", "abc", "abc", "abc", "abc", "abcdef", (char *)NULL, 'x', 'y', 'z');
	pr_info("[%*d] [%-*d] [%.*s] [%.3d] [%08.3x] [%5%] [%#x] [%#010x]\n", 6, 42, 6, 42, 2, "abc", 7, 0xab, 0, 0xab);
	pr_info("[%u] [%o] [%+5d] [%#X] [%.0d] [%5c]\n", 4294967295U, 0777, 3, 0xabc, 0, 'q');
	pr_info("%pR %pr %pR %pR %pR\n", &io, &io, &mem, &irq, &odd);
	r2.flags |= IORESOURCE_PREFETCH | IORESOURCE_MEM_64 | IORESOURCE_DISABLED; pr_info("%pR\n", &r2); r2.flags |= IORESOURCE_UNSET; pr_info("%pR %pr\n", &r2, &r2);
	pr_info("%ptR %ptRd %ptRt %ptRr %ptRs %ptT %ptTd\n", &tm, &tm, &tm, &tm, &tm, &t, &t);
	pr_info("%p4cc %p4cc\n", &fourcc, &big);
	pr_info("%pM %pm %pMR %pMF %pmR\n", mac, mac, mac, mac, mac);
	pr_info("%pI4 %pi4 %pI4h %pI6 %pi6 %pI6c\n", &ip4, &ip4, &ip4, &ip6, &ip6, &ip6);
	pr_info("%6phC %6phD %6phN %6ph [%3ph]\n", mac, mac, mac, mac, mac);
	pr_info("[%*pE] [%*pEh] [%*pEhp] [%*pEa] [%*pEs] [%*pEo] [%*pEc] [%*pEnp]\n", 9, bytes, 9, bytes, 9, bytes, 9, bytes, 9, bytes, 3, bytes, 2, bytes + 4, 3, bytes + 6);
	pr_info("%pa %pad %pNF\n", &pa, &pa, &features);
	pr_info("%pe %pe %pe\n", ERR_PTR(-ENOENT), ERR_PTR(-EPROBE_DEFER), ERR_PTR(-4000));
	pr_info("%p %px %p\n", NULL, (void *)0x1234, ERR_PTR(-22));
	pr_info("%ps %pS %ps\n", kfree, (void *)((unsigned long)kfree + 4), (void *)0x1234);
	pr_info("[%10pe] [%-20pM]\n", ERR_PTR(-EIO), mac);
	pr_info("%pk %pOF %pN\n", "x", mac, mac);
	pr_info("[%pks]\n", "kernel string");
	pr_info("efault: %s %pI4 %pM\n", (char *)8, (void *)16, ERR_PTR(-5));
	return -ENODEV;
}
module_init(formats_init);
MODULE_LICENSE("GPL");
