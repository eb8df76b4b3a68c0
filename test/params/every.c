// SPDX-License-Identifier: GPL-2.0
// Parameters of every type, with callbacks of every kind, and sites of pr_debug() and dev_dbg().
// tools/record-params.sh builds it and records on the real kernel what tests/params/commands.ts does with it.
#include <linux/device.h>
#include <linux/dynamic_debug.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define PARAM(type, ctype, value) \
	static ctype p_##type = value; \
	module_param_named(type, p_##type, type, 0644)
#define ARRAY(type, ctype, max) \
	static ctype pa_##type[max]; \
	static unsigned int n_##type; \
	module_param_array_named(a_##type, pa_##type, type, &n_##type, 0644)

PARAM(byte, unsigned char, 255);
PARAM(short, short, -3);
PARAM(ushort, unsigned short, 3);
PARAM(int, int, 42);
PARAM(uint, unsigned int, 7);
PARAM(long, long, -1000000);
PARAM(ulong, unsigned long, 1000000);
PARAM(ullong, unsigned long long, 1ULL << 40);
PARAM(hexint, unsigned int, 0x3f8);
PARAM(bool, bool, false);
PARAM(invbool, bool, false);
PARAM(bint, int, 0);
PARAM(bool_enable_only, bool, false);
PARAM(charp, char *, "as built");
static char text[8] = "text";
module_param_string(string, text, sizeof(text), 0644);

ARRAY(byte, unsigned char, 3);
ARRAY(short, short, 3);
ARRAY(ushort, unsigned short, 3);
ARRAY(int, int, 3);
ARRAY(uint, unsigned int, 3);
ARRAY(long, long, 3);
ARRAY(ulong, unsigned long, 3);
ARRAY(ullong, unsigned long long, 3);
ARRAY(hexint, unsigned int, 3);
ARRAY(bool, bool, 3);
ARRAY(invbool, bool, 3);
ARRAY(bint, int, 3);
ARRAY(bool_enable_only, bool, 3);
ARRAY(charp, char *, 3);
/* Arrays whose number of elements nobody counts, and of one. */
static int uncounted[2] = { 1, 2 };
module_param_array(uncounted, int, NULL, 0644);
static int single[1];
module_param_array(single, int, NULL, 0644);

/* Each kind of permission; 0 has no file: `hidden` shows it. */
static int none, readable = 1, writable = 2, mine = 3;
module_param(none, int, 0);
module_param(readable, int, 0444);
module_param(writable, int, 0200);
module_param(mine, int, 0600);

static int unsafe_int, hw_port, hw_ports[2];
static bool unsafe_bool;
static unsigned int n_hw_ports;
module_param_unsafe(unsafe_int, int, 0644);
module_param_unsafe(unsafe_bool, bool, 0644);
module_param_hw(hw_port, int, ioport, 0644);
module_param_hw_array(hw_ports, int, irq, &n_hw_ports, 0644);

/* Gives what it is told to give. */
static int answer_set(const char *val, const struct kernel_param *kp)
{
	int error, answer;

	error = kstrtoint(val, 0, &answer);
	return error ? error : answer;
}
static int answer_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "an answer\n");
}
static const struct kernel_param_ops answer_ops = { .set = answer_set, .get = answer_get };
module_param_cb(answer, &answer_ops, NULL, 0644);

/* Writes into its value, as far as it goes or further, before it refuses. The value's first letter says what. */
static int scribble_set(const char *val, const struct kernel_param *kp)
{
	char *writable = (char *)val;

	switch (val[0]) {
	case 'c': /* cut */
		writable[2] = 0;
		return -EINVAL;
	case 'u': /* upper */
		for (; *writable; writable++)
			if (*writable >= 'a' && *writable <= 'z')
				*writable -= 32;
		return -ERANGE;
	case 'e': /* empty */
		writable[0] = 0;
		return -ENOSPC;
	case 'n': /* not found */
		writable[0] = '!';
		return -ENOENT;
	case 'j': /* joins the value and the parameter that follows */
		writable[strlen(writable)] = '+';
		return -EINVAL;
	}
	return 0;
}
static const struct kernel_param_ops scribble_ops = { .set = scribble_set };
/* It cannot be read. */
module_param_cb(scribble, &scribble_ops, NULL, 0644);

static unsigned int minmax = 5;
static int minmax_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 10);
}
static const struct kernel_param_ops minmax_ops = { .set = minmax_set, .get = param_get_uint };
module_param_cb(minmax, &minmax_ops, &minmax, 0644);

/* Takes no value as well as any. */
static char noarg[16] = "untouched";
static int noarg_set(const char *val, const struct kernel_param *kp)
{
	snprintf(noarg, sizeof(noarg), "%s", val ? val : "(no value)");
	return 0;
}
static int noarg_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", noarg);
}
static const struct kernel_param_ops noarg_ops = { .flags = KERNEL_PARAM_OPS_FL_NOARG, .set = noarg_set, .get = noarg_get };
module_param_cb(noarg, &noarg_ops, NULL, 0644);

/* An array of callbacks: each element's set sees which it is. */
static int squares[4];
static unsigned int n_squares;
static int square_set(const char *val, const struct kernel_param *kp)
{
	int error, number;

	error = kstrtoint(val, 0, &number);
	if (!error)
		*(int *)kp->arg = number * number;
	pr_info("square: %s of %s level %d perm %o ops %d mod %d\n", val, kp->name, kp->level, kp->perm, !!kp->ops, !!kp->mod);
	return error;
}
static const struct kernel_param_ops square_ops = { .set = square_set, .get = param_get_int };
#define param_check_square(name, p) __param_check(name, p, int)
#define param_ops_square square_ops
module_param_array_named(squares, squares, square, &n_squares, 0644);

/* Get that fails, that gives nothing, more than a page, and one whose text has zeros. */
static int odd_set(const char *val, const struct kernel_param *kp)
{
	return kstrtoint(val, 0, kp->arg);
}
static int odd_get(char *buffer, const struct kernel_param *kp)
{
	int kind = *(int *)kp->arg;

	if (kind == 0)
		return sprintf(buffer, "no newline");
	if (kind == 1)
		return 0;
	if (kind == 2) {
		memcpy(buffer, "a\0b\n", 4);
		return 4;
	}
	if (kind == 3) {
		memset(buffer, 'x', PAGE_SIZE - 1);
		return PAGE_SIZE - 1;
	}
	return kind;
}
static const struct kernel_param_ops odd_ops = { .set = odd_set, .get = odd_get };
static int odd;
module_param_cb(odd, &odd_ops, &odd, 0644);

/* Of what has no file. */
static int hidden_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "none %d async %d\n", none, THIS_MODULE->async_probe_requested);
}
static const struct kernel_param_ops hidden_ops = { .get = hidden_get };
module_param_cb(hidden, &hidden_ops, NULL, 0444);

/* Names that the macros cannot make: with a dash, and the same name twice (the first entry wins). */
static int dashed, twice[2];
#define ENTRY(entry, title, variable) \
	static const struct kernel_param entry __used __section("__param") __aligned(sizeof(void *)) = { \
		.name = title, .mod = THIS_MODULE, .ops = &param_ops_int, .perm = 0, .level = -1, .arg = variable }
ENTRY(entry_dashed, "with-dash", &dashed);
ENTRY(entry_first, "twice", &twice[0]);
ENTRY(entry_second, "twice", &twice[1]);
static int entries_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%d %d %d\n", dashed, twice[0], twice[1]);
}
static const struct kernel_param_ops entries_ops = { .get = entries_get };
module_param_cb(entries, &entries_ops, NULL, 0444);

/* Reports that its parameters are given back. */
static int freed_set(const char *val, const struct kernel_param *kp)
{
	return 0;
}
static void freed_free(void *arg)
{
	pr_info("free %d\n", *(int *)arg);
}
static const struct kernel_param_ops freed_ops = { .set = freed_set, .free = freed_free };
static int freed = 77;
module_param_cb(freed, &freed_ops, &freed, 0200);

/* Sites of dynamic debug: writing a letter to `say` runs them. */
static noinline void speak(const char *what)
{
	pr_debug("speaks of %s\n", what);
}
static noinline void whisper(const char *what)
{
	pr_debug("whispers\tof \"%s\", %d%%\\\n", what, 50);
	dev_dbg(NULL, "no device: %s\n", what);
}
static struct device *device;
static int say_set(const char *val, const struct kernel_param *kp)
{
	pr_debug("%s", "without newline");
	pr_cont(" and on\n");
	speak(val);
	whisper(val);
	if (device)
		dev_dbg(device, "a device: %s\n", val);
	print_hex_dump_debug("dump: ", DUMP_PREFIX_OFFSET, 16, 1, val, strlen(val), true);
	return 0;
}
static const struct kernel_param_ops say_ops = { .set = say_set };
module_param_cb(say, &say_ops, NULL, 0200);

/* Classes of sites, as drm has them, of all four types. */
DECLARE_DYNDBG_CLASSMAP(bits, DD_CLASS_TYPE_DISJOINT_BITS, 4, "RED", "GREEN", "BLUE");
DECLARE_DYNDBG_CLASSMAP(level, DD_CLASS_TYPE_LEVEL_NUM, 10, "L1", "L2", "L3");
DECLARE_DYNDBG_CLASSMAP(names, DD_CLASS_TYPE_DISJOINT_NAMES, 14, "CYAN", "PINK");
DECLARE_DYNDBG_CLASSMAP(level_names, DD_CLASS_TYPE_LEVEL_NAMES, 18, "LOW", "MID", "HIGH");
#define CLASS_PARAM(map_name, flag) \
	static unsigned long map_name##_bits; \
	static struct ddebug_class_param map_name##_param = { { .bits = &map_name##_bits }, .flags = flag, .map = &map_name }; \
	module_param_cb(class_##map_name, &param_ops_dyndbg_classes, &map_name##_param, 0644)
CLASS_PARAM(bits, "p");
CLASS_PARAM(level, "pl");
CLASS_PARAM(names, "p");
CLASS_PARAM(level_names, "p");
static int colour_set(const char *val, const struct kernel_param *kp)
{
	__pr_debug_cls(4, "red %s\n", val);
	__pr_debug_cls(6, "blue %s\n", val);
	__pr_debug_cls(9, "nameless %s\n", val);
	__pr_debug_cls(10, "L1 %s\n", val);
	__pr_debug_cls(12, "L3 %s\n", val);
	__pr_debug_cls(14, "cyan %s\n", val);
	__pr_debug_cls(15, "pink %s\n", val);
	__pr_debug_cls(18, "low %s\n", val);
	__pr_debug_cls(20, "high %s\n", val);
	return 0;
}
static const struct kernel_param_ops colour_ops = { .set = colour_set };
module_param_cb(colour, &colour_ops, NULL, 0200);

static struct class *class;
static int __init every_init(void)
{
	pr_debug("init of %d\n", p_int);
	class = class_create(THIS_MODULE, "every");
	if (!IS_ERR(class))
		device = device_create(class, NULL, 0, NULL, "every0");
	return 0;
}
static void __exit every_exit(void)
{
	pr_debug("exit\n");
	device_unregister(device);
	class_destroy(class);
}
module_init(every_init);
module_exit(every_exit);
MODULE_LICENSE("GPL");
