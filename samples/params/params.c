// SPDX-License-Identifier: GPL-2.0
// Parameters: set at insmod (params.ko number=5), shown and changed in /sys/module/params/parameters.
// The third argument of module_param() is the mode of that file; 0 means none. A callback sees each change.
#include <linux/module.h>
#include <linux/moduleparam.h>

/* Numbers, of each size and sign. */
static unsigned char octet = 255;
static short small = -3;
static unsigned short usmall = 3;
static int number = 42;
static unsigned int positive = 7;
static long big = -1000000;
static unsigned long ubig = 1000000;
static unsigned long long huge = 1ULL << 40;
static unsigned int address = 0x3f8;

module_param(octet, byte, 0644);
module_param(small, short, 0644);
module_param(usmall, ushort, 0644);
module_param(number, int, 0644);
MODULE_PARM_DESC(number, "any number");
module_param(positive, uint, 0444);
module_param(big, long, 0644);
module_param(ubig, ulong, 0644);
module_param(huge, ullong, 0644);
/* The same as uint, shown in hexadecimal. */
module_param(address, hexint, 0644);

/* Switches: a bare `flag` means yes. invbool turns the meaning around, bint keeps a switch in an int. */
static bool flag;
static bool quiet;
static int verbose;

module_param(flag, bool, 0644);
MODULE_PARM_DESC(flag, "a switch");
module_param_named(loud, quiet, invbool, 0644);
module_param(verbose, bint, 0644);

/* Text: a pointer to whatever length, or a buffer of our own. */
static char *word = "nothing";
static char text[16] = "fixed";

module_param(word, charp, 0644);
module_param_string(text, text, sizeof(text), 0644);

/* Arrays, separated by commas. */
static int list[4] = { 1, 2, 3, 4 };
static int list_count = 2;
static char *names[3] = { "one", "two", "three" };
static bool switches[2];

module_param_array(list, int, &list_count, 0644);
module_param_array(names, charp, NULL, 0444);
module_param_array(switches, bool, NULL, 0600);

/* Modes: no file at all; root alone reads; written but never read. */
static int hidden = 1;
static int private = 2;
static int secret = 3;

module_param(hidden, int, 0);
module_param(private, int, 0400);
module_param(secret, int, 0200);

/* A callback decides what is good. */
static int even;

static int set_even(const char *value, const struct kernel_param *kp)
{
	int number;
	int error = kstrtoint(value, 0, &number);

	if (error)
		return error;
	if (number % 2)
		return -EINVAL;
	pr_info("params: even becomes %d\n", number);
	return param_set_int(value, kp);
}

static const struct kernel_param_ops even_ops = {
	.set = set_even,
	.get = param_get_int,
};
module_param_cb(even, &even_ops, &even, 0644);
MODULE_PARM_DESC(even, "an even number");

static int __init params_init(void)
{
	int n;

	pr_info("params: octet=%hhu small=%hd usmall=%hu number=%d positive=%u\n", octet, small, usmall, number, positive);
	pr_info("params: big=%ld ubig=%lu huge=%llu address=%#x\n", big, ubig, huge, address);
	pr_info("params: flag=%d quiet=%d verbose=%d word=%s text=%s\n", flag, quiet, verbose, word, text);
	for (n = 0; n < list_count; n++)
		pr_info("params: list[%d]=%d\n", n, list[n]);
	pr_info("params: names=%s,%s,%s switches=%d,%d\n", names[0], names[1], names[2], switches[0], switches[1]);
	pr_info("params: hidden=%d private=%d secret=%d\n", hidden, private, secret);
	return 0;
}

static void __exit params_exit(void)
{
	pr_info("params: number=%d secret=%d at the end\n", number, secret);
}

module_init(params_init);
module_exit(params_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Every kind of parameter");
