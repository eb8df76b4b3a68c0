// SPDX-License-Identifier: GPL-2.0
/* Strings, numbers out of text, bitmaps, hashes. */
#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/printk.h>
#include <linux/module.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/crc32.h>
#include <linux/uuid.h>

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void numbers(void)
{
	static const char *const texts[] = { "0", "42", "-7", "0x1f", "010", "08", "4294967296", "", "12 ", " 3", "0x", "1e3" };
	int i;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		int n = -1; unsigned int u = 1; long l = 2; bool b = false; u8 c = 9;
		int r1 = kstrtoint(texts[i], 0, &n), r2 = kstrtouint(texts[i], 10, &u), r3 = kstrtol(texts[i], 16, &l);
		int r4 = kstrtobool(texts[i], &b), r5 = kstrtou8(texts[i], 0, &c);
		pr_info("kstrto '%s': %d %d, %d %u, %d %ld, %d %d, %d %u\n", texts[i], r1, n, r2, u, r3, l, r4, b, r5, c);
	}
	pr_info("simple: %lu %ld %llu\n", simple_strtoul("077rest", NULL, 0), simple_strtol("-0x1fz", NULL, 0), simple_strtoull("99", NULL, 10));
}
static void scanning(void)
{
	int a = 0, b = 0, n; char word[16] = "", c = '-'; unsigned int x = 0; long long ll = 0;
	n = sscanf("12 -34 hello", "%d %d %15s", &a, &b, word);
	pr_info("sscanf: %d: %d %d %s\n", n, a, b, word);
	n = sscanf("0xff:z", "%x:%c", &x, &c);
	pr_info("sscanf: %d: %x %c\n", n, x, c);
	n = sscanf("key=123456789012", "key=%lld", &ll);
	pr_info("sscanf: %d: %lld\n", n, ll);
	n = sscanf("abc", "%d", &a);
	pr_info("sscanf: %d\n", n);
	n = sscanf("1234", "%2d%d", &a, &b);
	pr_info("sscanf: %d: %d %d\n", n, a, b);
	n = sscanf("10 0x10 010", "%i %i %i", &a, &b, &n);
	pr_info("sscanf %%i: %d %d\n", a, b);
	n = sscanf("a,b", "%1[a-c],%c", word, &c);
	pr_info("sscanf []: %d %s %c\n", n, word, c);
}
static void strings(void)
{
	char buf[12], *p, *s; int i; ssize_t z;
	z = strscpy(buf, "a longer text", sizeof(buf)); pr_info("strscpy: %zd '%s'\n", z, buf);
	z = strlcpy(buf, "short", sizeof(buf)); pr_info("strlcpy: %zd '%s'\n", z, buf);
	z = strlcat(buf, " and more", sizeof(buf)); pr_info("strlcat: %zd '%s'\n", z, buf);
	pr_info("strncpy: '%.11s'\n", strncpy(buf, "0123456789abc", sizeof(buf)));
	pr_info("cmp: %d %d %d %d\n", strcmp("a", "b") < 0, strncmp("abc", "abd", 2), strcasecmp("HeLLo", "hello"), strncasecmp("ABx", "aby", 2));
	pr_info("chr: %s %s %d %zu %zu\n", strchr("hello", 'l'), strrchr("hello", 'l'), strnchr("hello", 3, 'o') == NULL, strspn("aabb", "a"), strcspn("hello", "l"));
	pr_info("str: %s %s %d\n", strstr("one two three", "two"), strnstr("one two", "two", 7), strpbrk("xyz", "q") == NULL);
	s = kstrdup("a:b::c", GFP_KERNEL); p = s;
	for (i = 0; p; i++) { char *t = strsep(&p, ":"); pr_info("strsep %d: '%s'\n", i, t); }
	kfree(s);
	s = kstrdup("  trim me \n", GFP_KERNEL);
	pr_info("strim: '%s' skip: '%s'\n", strim(s), skip_spaces("  x "));
	kfree(s);
	pr_info("sysfs_streq: %d %d %d\n", sysfs_streq("on\n", "on"), sysfs_streq("on", "on\n"), sysfs_streq("on", "off"));
	{ static const char *const list[] = { "zero", "one", "two", NULL }; pr_info("match: %d %d %d\n", match_string(list, -1, "two"), match_string(list, 3, "x"), __sysfs_match_string(list, 3, "one\n")); }
	pr_info("mem: %d %d %d\n", memcmp("abc", "abd", 3) < 0, memchr("abc", 'c', 3) != NULL, memchr_inv("aaab", 'a', 4) != NULL);
	s = kasprintf(GFP_KERNEL, "%s-%d", "made", 5); pr_info("kasprintf: %s\n", s); kfree(s);
	s = kmemdup_nul("abcdef", 3, GFP_KERNEL); pr_info("kmemdup_nul: %s\n", s); kfree(s);
	s = kstrndup("abcdef", 4, GFP_KERNEL); pr_info("kstrndup: %s\n", s); kfree(s);
	{ char t[8]; i = snprintf(t, sizeof(t), "%d", 123456789); pr_info("snprintf: %d '%s'\n", i, t); i = scnprintf(t, sizeof(t), "%d", 123456789); pr_info("scnprintf: %d '%s'\n", i, t); }
	{ char t[40]; string_get_size(123456789, 1, STRING_UNITS_10, t, sizeof(t)); pr_info("size: %s\n", t); string_get_size(8192, 512, STRING_UNITS_2, t, sizeof(t)); pr_info("size: %s\n", t); }
	{ char t[20]; u8 bytes[3] = { 0xde, 0xad, 0x01 }; *bin2hex(t, bytes, 3) = 0; pr_info("bin2hex: %s\n", t); i = hex2bin(bytes, "0A1b2C", 3); pr_info("hex2bin: %d %*ph\n", i, 3, bytes); pr_info("hex_to_bin: %d %d\n", hex_to_bin('f'), hex_to_bin('g')); }
}
static void bitmaps(void)
{
	DECLARE_BITMAP(map, 100); DECLARE_BITMAP(other, 100); char text[64]; int bit;
	bitmap_zero(map, 100); bitmap_zero(other, 100);
	bitmap_set(map, 3, 5); set_bit(64, map); set_bit(99, map);
	pr_info("bitmap: %*pbl %*pb weight %d\n", 100, map, 100, map, bitmap_weight(map, 100));
	for_each_set_bit(bit, map, 100) pr_cont(" %d", bit);
	pr_cont("\n");
	pr_info("find: %lu %lu %lu %lu\n", find_first_bit(map, 100), find_next_bit(map, 100, 8), find_first_zero_bit(map, 100), find_next_zero_bit(map, 100, 3));
	pr_info("area: %lu\n", bitmap_find_next_zero_area(map, 100, 0, 10, 0));
	bit = bitmap_parselist("1-3,7,90-95", other, 100); pr_info("parselist: %d %*pbl\n", bit, 100, other);
	bit = bitmap_parse("f0,00000001", 11, other, 100); pr_info("parse: %d %*pbl\n", bit, 100, other);
	bitmap_and(other, other, map, 100); pr_info("and: %*pbl empty %d full %d\n", 100, other, bitmap_empty(other, 100), bitmap_full(map, 3));
	bitmap_clear(map, 4, 2); pr_info("clear: %*pbl\n", 100, map);
	(void)text;
}
static void hashes(void)
{
	siphash_key_t key = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } }; hsiphash_key_t hkey = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };
	guid_t guid; uuid_t uuid; int n;
	pr_info("siphash: %016llx %016llx %016llx\n", siphash("abcdefgh", 8, &key), siphash("abc", 3, &key), siphash_1u64(1, &key));
	pr_info("siphash: %016llx %016llx %016llx %016llx\n", siphash_2u64(1, 2, &key), siphash_3u32(1, 2, 3, &key), siphash_1u32(7, &key), siphash_4u64(1, 2, 3, 4, &key));
	pr_info("hsiphash: %08x %08x %08x\n", hsiphash("hello", 5, &hkey), hsiphash_1u32(5, &hkey), hsiphash_4u32(1, 2, 3, 4, &hkey));
	pr_info("crc32: %08x %08x\n", crc32(~0, "123456789", 9) ^ ~0, crc32_be(~0, "123456789", 9));
	n = guid_parse("12345678-9abc-def0-1234-56789abcdef0", &guid); pr_info("guid: %d %pUl\n", n, &guid);
	n = uuid_parse("12345678-9abc-def0-1234-56789abcdef0", &uuid); pr_info("uuid: %d %d %pUB\n", n, uuid_is_valid("nonsense"), &uuid);
}
static void options(void)
{
	char text[] = "1,2-5,0x10"; char *p = text, *end; int n, r, i, ints[5]; unsigned long long m;
	for (i = 0; i < 4; i++) { n = -1; r = get_option(&p, &n); pr_info("get_option: %d %d '%s'\n", r, n, p); if (r == 3) { p++; } }
	get_options("3,4,5", 5, ints); pr_info("get_options: %d: %d %d %d\n", ints[0], ints[1], ints[2], ints[3]);
	m = memparse("16k,rest", &end); pr_info("memparse: %llu '%s' %llu %llu\n", m, end, memparse("2M", NULL), memparse("0x10", NULL));
}
static int __init textual_init(void)
{
	int numbers_[] = { 5, -1, 3, 9, 0 };
	numbers(); scanning(); strings(); bitmaps(); hashes(); options();
	sort(numbers_, 5, sizeof(int), compare, NULL);
	pr_info("sort: %d %d %d %d %d\n", numbers_[0], numbers_[1], numbers_[2], numbers_[3], numbers_[4]);
	pr_info("int_sqrt: %lu %u\n", int_sqrt(1000000), int_sqrt64(1ULL << 40));
	print_hex_dump(KERN_INFO, "dump: ", DUMP_PREFIX_OFFSET, 16, 1, "The quick brown fox jumps.", 26, true);
	print_hex_dump_bytes("bytes: ", DUMP_PREFIX_NONE, "abc\x01\x02", 5);
	return -ENODEV;
}
module_init(textual_init);
MODULE_LICENSE("GPL");
