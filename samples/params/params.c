// SPDX-License-Identifier: GPL-2.0
// Parameters: set at insmod (params.ko number=5), shown and changed in /sys/module/params/parameters.
// The third argument of module_param() is the mode of that file; 0 means none. A callback sees each change.
#include <linux/module.h>
#include <linux/moduleparam.h>

static bool flag;
static int number = 42;
static unsigned int positive = 7;
static short small = -3;
static unsigned short usmall = 3;
static long big = -1000000;
static unsigned long ubig = 1000000;
static unsigned char octet = 255;
static char *word = "nothing";
static char text[16] = "fixed";
static int list[4] = { 1, 2, 3, 4 };
static int list_count = 2;
static int hidden = 1;
static int even;

module_param(flag, bool, 0644);
MODULE_PARM_DESC(flag, "a switch");
module_param(number, int, 0644);
MODULE_PARM_DESC(number, "any number");
module_param(positive, uint, 0444);
module_param(small, short, 0644);
module_param(usmall, ushort, 0644);
module_param(big, long, 0644);
module_param(ubig, ulong, 0644);
module_param(octet, byte, 0644);
module_param(word, charp, 0644);
module_param_string(text, text, sizeof(text), 0644);
module_param_array(list, int, &list_count, 0644);
module_param(hidden, int, 0);

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

	pr_info("params: flag=%d number=%d positive=%u small=%hd usmall=%hu\n", flag, number, positive, small, usmall);
	pr_info("params: big=%ld ubig=%lu octet=%hhu word=%s text=%s hidden=%d\n", big, ubig, octet, word, text, hidden);
	for (n = 0; n < list_count; n++)
		pr_info("params: list[%d]=%d\n", n, list[n]);
	return 0;
}

static void __exit params_exit(void)
{
	pr_info("params: number=%d at the end\n", number);
}

module_init(params_init);
module_exit(params_exit);
MODULE_LICENSE("GPL");
