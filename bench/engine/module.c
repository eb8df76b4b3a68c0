// The workloads as a module: writing "NAME ROUNDS" to its parameter `run` runs one, reading it gives "CHECKSUM NANOSECONDS".
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/string.h>

#define EACH(X) X(crc_bitwise) X(crc_table) X(sha) X(chacha) X(quicksort) X(heapsort) X(memcpy) X(strlen) X(tree) X(hash) X(list) \
  X(interpreter) X(fib) X(format) X(arithmetic) X(atomics) X(repmovs)
#define DECLARE(name) unsigned long bench_##name(unsigned long rounds);
EACH(DECLARE)
#define ROW(name) {#name, bench_##name},
static const struct { const char *name; unsigned long (*run)(unsigned long); } workloads[] = {EACH(ROW)};

static unsigned long sum;
static u64 nanoseconds;

static int set_run(const char *val, const struct kernel_param *kp)
{
	char name[32];
	unsigned long rounds;
	int i;

	if (sscanf(val, "%31s %lu", name, &rounds) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(workloads); i++) {
		if (strcmp(workloads[i].name, name) == 0) {
			u64 start = ktime_get_ns();

			sum = workloads[i].run(rounds);
			nanoseconds = ktime_get_ns() - start;
			return 0;
		}
	}
	return -ENOENT;
}
static int get_run(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%lu %llu\n", sum, nanoseconds);
}
static const struct kernel_param_ops run_ops = {.set = set_run, .get = get_run};
module_param_cb(run, &run_ops, NULL, 0600);
MODULE_LICENSE("GPL");
