// SPDX-License-Identifier: GPL-2.0
// What printk can format. It knows printf's conversions, but no floating point, and many extensions of %p for what
// the kernel deals with: symbols, addresses of networks, bitmaps, resources, times. A plain %p prints a hash, so that logs do not
// tell where things lie. See Documentation/core-api/printk-formats.rst.
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rtc.h>
#include <linux/socket.h>
#include <linux/uuid.h>

static void numbers(void)
{
	pr_info("[%d] [%5d] [%-5d] [%05d] [%+d] [% d]\n", 42, 42, 42, 42, 42, 42);
	pr_info("[%u] [%x] [%X] [%#x] [%o] [%#o] [%08lx]\n", 42, 42, 42, 42, 42, 42, 0xbeefUL);
	pr_info("[%hhd] [%hd] [%ld] [%lld] [%zu]\n", (signed char)-1, (short)-2, -3L, -4LL, sizeof(int));
	pr_info("[%*d] [%-*d] [%.3d] [%8.3d] [%c%c] [%5c]\n", 6, 42, 6, 42, 42, 42, 'o', 'k', 'x');
	pr_info("[%i%%]\n", 100);
}

static void strings(void)
{
	pr_info("[%s] [%8s] [%-8s] [%.3s] [%.*s] [%s]\n", "kernel", "kernel", "kernel", "kernel", 2, "kernel", (char *)NULL);
	pr_info("[%*pE]\n", 12, "a\tb\nc\\d\001\"e\0");
}

static void symbols(void)
{
	/* Where a function lies: with offset and size, or only the name. */
	pr_info("%ps %pS %ps\n", symbols, symbols, kfree);
	pr_info("%pB\n", (void *)((unsigned long)symbols + 1));
	pr_info("%pe %pe [%10pe]\n", ERR_PTR(-ENOENT), ERR_PTR(-EPROBE_DEFER), ERR_PTR(-EIO));
	pr_info("%p %p\n", NULL, ERR_PTR(-EINVAL));
	pr_info("%px\n", (void *)0x1234);
}

static void bytes(void)
{
	static const u8 mac[6] = { 0xde, 0xad, 0xbe, 0xef, 1, 2 };
	static const guid_t guid = GUID_INIT(0x00112233, 0x4455, 0x6677, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff);
	DECLARE_BITMAP(bits, 40) = { 0 };
	phys_addr_t physical = 0x12345678;
	u32 fourcc = 'X' | 'R' << 8 | '2' << 16 | '4' << 24;

	pr_info("%pM %pm %pMR %pMF\n", mac, mac, mac, mac);
	pr_info("%6ph, %6phC, %6phD, %6phN\n", mac, mac, mac, mac);
	pr_info("%pUb %pUB\n", &guid, &guid);
	pr_info("%pUl %pUL\n", &guid, &guid);
	bitmap_set(bits, 0, 1);
	bitmap_set(bits, 4, 4);
	bitmap_set(bits, 38, 1);
	pr_info("%40pb %40pbl\n", bits, bits);
	pr_info("%pa %pap\n", &physical, &physical);
	pr_info("%p4cc\n", &fourcc);
	print_hex_dump(KERN_INFO, "hex: ", DUMP_PREFIX_OFFSET, 16, 1, "what print_hex_dump shows", 25, true);
}

static void networks(void)
{
	__be32 four = htonl(0xc0a80001);
	struct in6_addr six = { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };
	struct in6_addr mapped = { { { [10] = 0xff, 0xff, 192, 168, 0, 1 } } };
	struct sockaddr_in socket4 = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = four };
	struct sockaddr_in6 socket6 = { .sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_addr = six };

	pr_info("%pI4 %pi4 %pI4h\n", &four, &four, &four);
	pr_info("%pI6 %pI6c %pi6 %pI6c\n", &six, &six, &six, &mapped);
	pr_info("%pIS %pISp %pISc %pISpc\n", &socket4, &socket4, &socket6, &socket6);
}

static void structures(void)
{
	struct resource memory = DEFINE_RES_MEM(0xfe000000, 0x1000);
	struct resource port = DEFINE_RES_IO(0x3f8, 8);
	struct resource irq = DEFINE_RES_IRQ(5);
	struct rtc_time tm = { .tm_year = 123, .tm_mon = 4, .tm_mday = 6, .tm_hour = 7, .tm_min = 8, .tm_sec = 9 };
	time64_t seconds = 1700000000;
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	unsigned long protection = VM_READ | VM_WRITE;
	unsigned long page = BIT(PG_locked) | BIT(PG_uptodate) | BIT(PG_dirty) | 1UL << ZONES_PGSHIFT | 5UL << NODES_PGSHIFT;

	pr_info("%pR %pR %pR %pr\n", &memory, &port, &irq, &memory);
	pr_info("%ptR %ptRd %ptRt %ptT\n", &tm, &tm, &tm, &seconds);
	pr_info("%pGg %pGv %pGp\n", &gfp, &protection, &page);
}

/* A function like printf: %pV prints a format with its arguments. */
static __printf(1, 2) void say(const char *format, ...)
{
	struct va_format message;
	va_list arguments;

	va_start(arguments, format);
	message.fmt = format;
	message.va = &arguments;
	pr_info("say: %pV\n", &message);
	va_end(arguments);
}

static void levels(void)
{
	int length;

	printk("no level\n");
	pr_emerg("emergency\n");
	pr_err("error\n");
	pr_notice("notice\n");
	pr_debug("seen only when dynamic debug turns it on\n");
	pr_info("one line ");
	pr_cont("in two parts\n");
	pr_info("two\nlines\n");
	length = printk(KERN_INFO "four\n");
	pr_info("printk counts %d characters: without level and newline\n", length);
	pr_warn_once("once\n");
}

static int __init formats_init(void)
{
	char text[8];
	int length = snprintf(text, sizeof(text), "%s", "much too long");

	numbers();
	strings();
	symbols();
	bytes();
	networks();
	structures();
	say("%d and %s", 1, "two");
	levels();
	pr_info("snprintf: %s, %d wanted; scnprintf: %d written\n", text, length, scnprintf(text, sizeof(text), "%s", "much too long"));
	return 0;
}

static void __exit formats_exit(void)
{
}

module_init(formats_init);
module_exit(formats_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Shows what printk can format");
